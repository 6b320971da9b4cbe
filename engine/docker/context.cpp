#include "engine/docker/context.h"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "engine/docker/digest.h"
#include "host/json.h"

namespace containerizer {

namespace {

namespace json = boost::json;

Result<json::object> object_in(std::string_view text) {
  auto document = parse_json(text);
  if (!document || !document->is_object()) return Failure{Fault::refused, "not a JSON object"};
  return std::move(document->get_object());
}

// "" if the member is missing.
Result<std::string> text_in(const json::object& object, std::string_view name) {
  const auto* member = object.if_contains(name);
  if (member == nullptr) return std::string();
  if (!member->is_string()) return Failure{Fault::refused, std::string(name) + " is not a string"};
  return std::string(member->get_string());
}

}  // namespace

Result<Context> read_context(std::string_view meta) {
  const auto object = object_in(meta);
  if (!object.ok()) return object.failure();
  const auto* endpoints = object_member(object.value(), "Endpoints");
  const auto* docker = endpoints == nullptr ? nullptr : object_member(*endpoints, "docker");
  if (docker == nullptr) return Failure{Fault::refused, "no endpoint of a Docker daemon in it"};
  const auto* skip = docker->if_contains("SkipTLSVerify");
  auto host = text_in(*docker, "Host");
  if (!host.ok()) return host.failure();
  return Context{std::move(host.value()), skip != nullptr && *skip == true};
}

Result<std::string> read_current_context(std::string_view configuration) {
  const auto object = object_in(configuration);
  if (!object.ok()) return object.failure();
  return text_in(object.value(), "currentContext");
}

// The docker command chooses this name, so that any text can be the name of a context.
std::string context_directory(std::string_view name) { return sha256_hex(name); }

}  // namespace containerizer
