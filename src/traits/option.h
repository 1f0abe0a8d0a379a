#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/assert.h"
#include "base/result.h"

namespace millrace::traits {

enum class OptionType : uint8_t {
  kText,
  kBoolean,    // true | false
  kInteger,    // between min and max
  kReal,       // min and max hold as well
  kDuration,   // '5 s', '200 ms', '1 min', '2 h', '1 d'; a bare number counts ms; read as µs
  kBytes,      // '64 KiB', '1 MB', '512'
  kTimestamp,  // '2015-07-15 00:00:00[.fff]', UTC; read as µs since 1970
  kChoice,     // one of `choices`
  kSecret,     // text that is never printed
};

// What a value must be, in words ("a single character"), or null where `value` is fine.
using OptionCheck = const char* (*)(std::string_view value);

// OptionSpec: one option as data: the same row parses WITH (…), validates, prints the reference
// page. A name that ends with ".*" stands for every option that begins so ('fields.*').
// Immutable; views must outlive everything (string literals).
struct OptionSpec {
  std::string_view name;
  OptionType type = OptionType::kText;
  std::string_view default_value;  // as a user would write it; empty: none
  bool required = false;
  std::string_view choices;  // kChoice: "a|b|c"
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  OptionCheck check = nullptr;
  std::string_view documentation;
};

using OptionTable = std::span<const OptionSpec>;

// An option as it was written, with the places of its name and value for messages.
struct WrittenOption {
  std::string name;
  std::string value;
  std::string name_place;
  std::string value_place;
};

// Options: the validated options of one table, view, job: every value has its option's type.
//
// Threading:  immutable after parse.
// Failure:    reading an option that no table declares is a bug, not an Error.
class Options {
 public:
  Options() = default;
  // Checks what was written against the tables (connector's, format's, common ones). `subject`
  // names the owner in messages: "connector 'filesystem'"; `place` is where a missing option is
  // missing.
  // Failure: kUnknownOption (with the nearest name), kInvalidOptionValue, kMissingOption.
  static Result<Options> parse(std::span<const OptionTable> tables,
                               std::span<const WrittenOption> written, std::string_view subject,
                               std::string_view place = {});

  // Whether it was written, or has a default.
  bool has(std::string_view name) const;
  // Whether it was written.
  bool written(std::string_view name) const;

  // The value as written or its default. REQUIRES: declared; for the typed ones: has(name).
  const std::string& text(std::string_view name) const;
  bool boolean(std::string_view name) const;
  int64_t integer(std::string_view name) const;
  double real(std::string_view name) const;
  int64_t duration_us(std::string_view name) const;
  int64_t bytes(std::string_view name) const;
  int64_t timestamp_us(std::string_view name) const;

  // Written ones whose names begin with `prefix`, by name: families such as 'fields.'.
  std::map<std::string, std::string> family(std::string_view prefix) const;
  // Everything written, by name.
  std::map<std::string, std::string> all_written() const;

 private:
  struct Entry {
    OptionType type = OptionType::kText;
    bool present = false;
    bool written = false;
    std::string text;
    std::variant<std::monostate, bool, int64_t, double> typed;
  };
  const Entry& entry(std::string_view name, OptionType type) const;
  std::map<std::string, Entry, std::less<>> entries_;
};

// One value read as the type of its option; the message says what was expected.
// kBoolean: bool; kInteger, kDuration, kBytes, kTimestamp: int64; kReal: double; else nothing.
Result<std::variant<std::monostate, bool, int64_t, double>> read_option_value(
    const OptionSpec& option, std::string_view value);

// OptionMember: where an option's value goes in a plain struct. An option that was neither written
// nor has a default leaves its member as it is.
template <class T>
struct OptionMember {
  std::string_view name;
  std::variant<std::string T::*, bool T::*, int64_t T::*, double T::*> member;
  OptionType type = OptionType::kText;  // tells kInteger, kDuration, kBytes, kTimestamp apart
};

namespace internal {

template <class T, class V>
void assign(T& into, V T::* member, const Options& options, const OptionMember<T>& row) {
  if constexpr (std::is_same_v<V, std::string>) {
    into.*member = options.text(row.name);
  } else if constexpr (std::is_same_v<V, bool>) {
    into.*member = options.boolean(row.name);
  } else if constexpr (std::is_same_v<V, double>) {
    into.*member = options.real(row.name);
  } else if (row.type == OptionType::kDuration) {
    into.*member = options.duration_us(row.name);
  } else if (row.type == OptionType::kBytes) {
    into.*member = options.bytes(row.name);
  } else if (row.type == OptionType::kTimestamp) {
    into.*member = options.timestamp_us(row.name);
  } else {
    into.*member = options.integer(row.name);
  }
}

}  // namespace internal

// Fills a connector's struct of options:
//   constexpr OptionMember<FileOptions> kMembers[] = {{"path", &FileOptions::path}, …};
//   const FileOptions options = fill<FileOptions>(parsed, kMembers);
template <class T>
T fill(const Options& options, std::span<const OptionMember<T>> members, T into = {}) {
  for (const OptionMember<T>& row : members) {
    if (!options.has(row.name)) continue;
    std::visit([&](auto member) { internal::assign(into, member, options, row); }, row.member);
  }
  return into;
}

}  // namespace millrace::traits
