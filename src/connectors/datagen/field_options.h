#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace millrace::connectors {

// FieldOptions: what 'fields.…' options say, taken one by one, so that one which nobody asked for
// can be named.
//
// Threading:  confined to one thread.
// Failure:    kInvalidOptionValue, kUnknownOption, both with the option's name.
// Order:      declare every field; take; all_taken.
class FieldOptions {
 public:
  explicit FieldOptions(std::map<std::string, std::string> written)
      : written_(std::move(written)) {}

  // `field` is there and may have options.
  void declare(const std::string& field);
  // The value of 'fields.<field>.<option>', if it was written.
  std::optional<std::string> take(const std::string& field, const std::string& option);
  Result<double> take_share(const std::string& field, const std::string& option);
  Result<int64_t> take_count(const std::string& field, const std::string& option, int64_t fallback,
                             int64_t max);
  Result<int64_t> take_duration_us(const std::string& field, const std::string& option);
  Result<bool> take_boolean(const std::string& field, const std::string& option);

  // REQUIRES: everything that means something has been taken.
  Result<void> all_taken() const;

  static Error invalid(const std::string& field, const std::string& option,
                       const std::string& value, const std::string& expected);

 private:
  std::map<std::string, std::string> written_;
  std::vector<std::string> declared_;
  std::set<std::string> taken_;
};

}  // namespace millrace::connectors
