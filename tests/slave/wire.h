// What the slave-player and the stand-in executor say to each other: lines, each a JSON object
// whose member "type" names it. (Real slaves and executors speak libprocess; no containerizer sees
// that.)
//
//   executor to slave   register    framework executor address
//                       reregister  framework executor address; its unacknowledged `status` follow
//                       status      framework executor task state message number
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

// Nothing when the line is not a JSON object.
std::optional<Message> from_line(std::string_view line);

// The text under `key`, empty when absent or not text.
std::string text(const Message& message, std::string_view key);

// The number under `key`, if there is one.
std::optional<double> number(const Message& message, std::string_view key);

// "127.0.0.1:5051" from "slave(1)@127.0.0.1:5051" or from itself; parts of it.
struct Address {
  std::string ip;
  unsigned short port = 0;
};
std::optional<Address> parse_address(std::string_view text);

}  // namespace containerizer::player
