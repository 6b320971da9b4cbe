// Frames: bytes from the slave on our standard input.
#include "proto/frame.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

#include "host/fd.h"
#include "host/file.h"
#include "tests/fuzz/fuzz.h"

using namespace containerizer;
using namespace containerizer::fuzz;

namespace {

constexpr std::size_t prefix = 4;
constexpr std::size_t fits_pipe = 60'000;

struct Reading {
  Frame frame;
  std::size_t taken = 0;
};

Reading read_file(std::string_view bytes) {
  const Fd file(::memfd_create("frame", MFD_CLOEXEC));
  expect(write_all(file.get(), bytes) && ::lseek(file.get(), 0, SEEK_SET) == 0,
         "a file is written");
  Reading reading{read_frame(file.get())};
  reading.taken = static_cast<std::size_t>(::lseek(file.get(), 0, SEEK_CUR));
  return reading;
}

// The slave keeps its end open, so a read beyond the frame would wait forever.
void check_open_pipe(std::string_view bytes, const Frame& expected) {
  const auto pipe = make_pipe();
  expect(pipe.ok() && write_all(pipe.value().write.get(), bytes), "a pipe is filled");
  const auto frame = read_frame(pipe.value().read.get());
  expect(frame.fault == expected.fault && frame.bytes == expected.bytes,
         "a pipe gives the same frame as a file");
}

void check_fault(const Reading& reading, std::string_view bytes, std::uint32_t length) {
  const auto& frame = reading.frame;
  expect(frame.bytes.empty(), "half a frame is not returned");
  expect(is_one_line(frame.text) && !frame.text.empty(), "a fault is one line", frame.text);
  if (frame.fault == FrameFault::too_large) {
    expect(length > largest_frame, "only a frame that is too large is refused as too large");
    expect(reading.taken == prefix, "a frame that is too large is not read");
  } else {
    expect(frame.fault == FrameFault::truncated, "a file can be read");
    expect(reading.taken == bytes.size(), "a frame is truncated only at the end of the bytes");
    expect(bytes.size() < prefix || bytes.size() < prefix + length, "a whole frame is read");
  }
}

void check_written(std::string_view message) {
  const auto reading = read_file(to_frame(std::string(message)));
  expect(reading.frame.fault == FrameFault::none && reading.frame.bytes == message,
         "what to_frame wrote reads back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = as_text(data, size);
  std::uint32_t length = 0;
  if (size >= prefix) std::memcpy(&length, data, prefix);
  const auto reading = read_file(bytes);
  if (reading.frame.fault != FrameFault::none) {
    check_fault(reading, bytes, length);
  } else {
    expect(reading.frame.bytes == bytes.substr(prefix, length) &&
               reading.frame.bytes.size() == length && reading.taken == prefix + length,
           "a frame is its bytes, and not one more is taken");
    if (size < fits_pipe) check_open_pipe(bytes, reading.frame);
  }
  check_written(bytes);
  return 0;
}
