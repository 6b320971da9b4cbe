// The protocol between the slave-player and the stand-in executor: lines, each a JSON object whose
// member "type" names the message. (Real slaves and executors use libprocess, which no
// containerizer sees.)
//
//   executor to slave   register    framework executor address
//                       reregister  framework executor address; followed by its unacknowledged
//                       `status` status      framework executor task state message number
//   slave to executor   registered
//                       launch-task task command [kill_grace]   (seconds)
//                       kill        task [grace]                (seconds)
//                       acknowledge number
//                       shutdown
//                       reconnect   slave_id slave_pid          (sent to the executor's own
//                       address)
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace containerizer::player {

using Message = boost::json::object;

std::string to_line(const Message& message);

// Empty if the line is not a JSON object.
std::optional<Message> from_line(std::string_view line);

// The string member `key`; "" if it is absent or not a string.
std::string text(const Message& message, std::string_view key);

// The number member `key`, if there is one.
std::optional<double> number(const Message& message, std::string_view key);

// "127.0.0.1:5051" from "slave(1)@127.0.0.1:5051" or from itself, and its parts.
struct Address {
  std::string ip;
  unsigned short port = 0;
};
std::optional<Address> parse_address(std::string_view text);

}  // namespace containerizer::player
