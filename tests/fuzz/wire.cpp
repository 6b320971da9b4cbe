#include "tests/fuzz/wire.h"

#include <optional>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace containerizer::fuzz {
namespace {

constexpr std::size_t most_growth = 64;

enum Kind : std::uint64_t { number = 0, eight = 1, bytes = 2, four = 5 };

struct Field {
  std::uint64_t tag = 0;
  std::uint64_t value = 0;  // of a number
  std::string content;      // of any other type

  Kind kind() const { return static_cast<Kind>(tag & 7); }
};

using Fields = std::vector<Field>;

std::optional<std::uint64_t> take_number(std::string_view& rest) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !rest.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    value |= std::uint64_t{byte & 0x7FU} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

void put_number(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::size_t> length_of(Kind kind, std::string_view& rest) {
  if (kind == Kind::eight) return 8;
  if (kind == Kind::four) return 4;
  if (kind == Kind::bytes) return take_number(rest);
  return std::nullopt;
}

std::optional<Fields> read(std::string_view rest) {
  Fields fields;
  while (!rest.empty()) {
    Field field;
    const auto tag = take_number(rest);
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    field.tag = *tag;
    if (field.kind() == Kind::number) {
      const auto value = take_number(rest);
      if (!value) return std::nullopt;
      field.value = *value;
    } else {
      const auto length = length_of(field.kind(), rest);
      if (!length || *length > rest.size()) return std::nullopt;
      field.content = rest.substr(0, *length);
      rest.remove_prefix(*length);
    }
    fields.push_back(std::move(field));
  }
  return fields;
}

std::string write(const Fields& fields) {
  std::string out;
  for (const Field& field : fields) {
    put_number(out, field.tag);
    if (field.kind() == Kind::number) put_number(out, field.value);
    if (field.kind() == Kind::bytes) put_number(out, field.content.size());
    out += field.content;
  }
  return out;
}

std::string mutate_bytes(std::string_view text, std::size_t most) {
  std::string room(text);
  room.resize(most);
  room.resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(room.data()), text.size(), most));
  return room;
}

Field new_field(std::minstd_rand& chance) {
  constexpr std::uint64_t most_fields = 24;
  Field field;
  const bool has_bytes = chance() % 3 != 0;
  field.tag = (1 + chance() % most_fields) << 3 | (has_bytes ? Kind::bytes : Kind::number);
  if (has_bytes) field.content = mutate_bytes("", most_growth);
  if (!has_bytes) field.value = chance() % 4;
  return field;
}

void mutate_content(Field& field, std::minstd_rand& chance) {
  if (field.kind() == Kind::number) {
    field.value =
        chance() % 2 == 0 ? chance() % 4 : field.value ^ std::uint64_t{1} << chance() % 64;
  } else if (field.kind() != Kind::bytes) {
    field.content = mutate_bytes(field.content, field.content.size());
    field.content.resize(field.kind() == Kind::four ? 4 : 8);
  } else if (!field.content.empty() && chance() % 4 != 0 && read(field.content)) {
    field.content = mutate_message(field.content, chance, field.content.size() + most_growth);
  } else {
    field.content = mutate_bytes(field.content, field.content.size() + most_growth);
  }
}

void mutate_fields(Fields& fields, std::minstd_rand& chance) {
  const auto place = static_cast<std::ptrdiff_t>(chance() % fields.size());
  const auto field = fields.begin() + place;
  switch (chance() % 12) {
    case 0:
      fields.erase(field);
      break;
    case 1:
      fields.insert(field, Field(*field));
      break;
    case 2:
      fields.insert(field, new_field(chance));
      break;
    case 3:
      std::swap(*field, fields[chance() % fields.size()]);
      break;
    default:
      mutate_content(*field, chance);
  }
}

}  // namespace

std::string mutate_message(std::string_view message, std::minstd_rand& chance, std::size_t most) {
  auto fields = read(message);
  if (!fields) return mutate_bytes(message, most);
  if (fields->empty()) fields->push_back(new_field(chance));
  mutate_fields(*fields, chance);
  auto mutated = write(*fields);
  return mutated.size() <= most ? mutated : std::string(message);
}

}  // namespace containerizer::fuzz
