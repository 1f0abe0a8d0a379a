#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace millrace {

// Every code of errors.def. The numeric value is what MR-<number> prints.
enum class ErrorCode : uint16_t {
#define MILLRACE_ERROR(number, name, blame, meaning, sqlstate, kafka, http) k##name = number,
#include "base/errors.def"
#undef MILLRACE_ERROR
};

enum class Blame : uint8_t { kUser, kData, kSystem, kBug };

// One row of the error table. Immutable, static lifetime.
struct ErrorInfo {
  ErrorCode code;
  std::string_view name;
  Blame blame;
  std::string_view meaning;
  std::string_view sqlstate;
  int16_t kafka_error;
  int16_t http_status;
};

const ErrorInfo& error_info(ErrorCode code);
// The row of `number` (2006 for MR-2006), or null.
const ErrorInfo* find_error(int number);

// Error: why something did not happen: a code, one sentence of what was expected and found, the
//        place,
// and what to do. A value the size of one pointer.
//
// Threading:  a plain value: confined to one thread at a time; a copy shares nothing.
// Order:      build with a code and a sentence, add `at` and `remedy`, return.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message);
  Error(const Error& other);
  Error& operator=(const Error& other);
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  ~Error() = default;

  // Where: "file.sql:3:14", "orders-0@1234", "flights.window_aggregate". The outermost call wins.
  Error at(std::string place) &&;
  // What the reader can do about it, a sentence.
  Error remedy(std::string what) &&;
  // Puts "context: " before the message.
  Error within(std::string_view context) &&;

  ErrorCode code() const { return detail_->code; }
  Blame blame() const { return error_info(code()).blame; }
  const std::string& message() const { return detail_->message; }
  const std::string& place() const { return detail_->place; }
  const std::string& remedy() const { return detail_->remedy; }

  // "MR-2006 place: message. remedy": what a user reads.
  std::string to_string() const;

 private:
  struct Detail {
    ErrorCode code;
    std::string message;
    std::string place;
    std::string remedy;
  };
  std::unique_ptr<Detail> detail_;
};

}  // namespace millrace
