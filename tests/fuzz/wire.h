// Mutation of protobuf's wire format: field by field, so that lengths stay right. Knows no schema.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace containerizer::fuzz {

// `message` with one thing changed; at most `most` bytes, or it is left as it is. What is no
// message is mutated as bytes.
std::string mutate_message(std::string_view message, std::minstd_rand& chance, std::size_t most);

}  // namespace containerizer::fuzz
