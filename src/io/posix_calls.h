#pragma once

#include <cerrno>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace millrace::io {

// What the POSIX files share.

// The Error for an errno; `action` completes "cannot …".
Error posix_failure(const char* action, const std::string& path, int number = errno);

// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

// Reads until `to` is full or the file ends; returns how many bytes. `path` is for the Error.
Result<size_t> read_fully(int number, uint64_t offset, std::span<std::byte> to,
                          const std::string& path);
Result<uint64_t> size_of(int number, const std::string& path);
Result<void> drop_cached_pages(int number, const std::string& path);

// Owns a file descriptor. Threading: immutable.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int number() const { return number_; }
  bool open() const { return number_ >= 0; }

 private:
  const int number_;
};

}  // namespace millrace::io
