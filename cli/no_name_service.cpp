// Replaces functions of the C library that a static program cannot use: they load shared libraries
// when they are called. OpenSSL and SQLite refer to them, and the linker would warn about each.
// This program calls none of them: it looks up names in /etc/hosts itself
// (engine/docker/choose_endpoint.cpp), and loads neither providers nor extensions.
//
// Only in the static program.
#include <dlfcn.h>
#include <netdb.h>

// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

int getaddrinfo(const char* /*name*/, const char* /*service*/, const addrinfo* /*hints*/,
                addrinfo** found) {
  *found = nullptr;
  return EAI_FAIL;
}

void freeaddrinfo(addrinfo* /*list*/) noexcept {}

int getnameinfo(const sockaddr* /*address*/, socklen_t /*length*/, char* /*host*/,
                socklen_t /*host_length*/, char* /*service*/, socklen_t /*service_length*/,
                int /*flags*/) {
  return EAI_FAIL;
}

hostent* gethostbyname(const char* /*name*/) { return nullptr; }

void* dlopen(const char* /*file*/, int /*mode*/) noexcept { return nullptr; }

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
