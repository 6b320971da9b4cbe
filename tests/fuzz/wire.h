// Mutation of protobuf's wire format, field by field, so lengths stay correct. It needs no schema.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace containerizer::fuzz {

// Returns `message` with one change, or unchanged if the result would exceed `most` bytes. Input
// that is not a message is mutated as bytes.
std::string mutate_message(std::string_view message, std::minstd_rand& chance, std::size_t most);

}  // namespace containerizer::fuzz
