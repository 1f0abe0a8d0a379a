#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "base/result.h"
#include "connectors/datagen/field_options.h"
#include "data/builder.h"

namespace millrace::connectors {

// What all columns of a generated table share.
struct DatagenClock {
  int64_t base_time_us = 0;
  int64_t rows_per_second = 1;
  // When row `row` happens.
  int64_t time_us(uint64_t row) const {
    const auto us = static_cast<unsigned __int128>(row) * 1'000'000;
    return base_time_us +
           static_cast<int64_t>(us / static_cast<unsigned __int128>(rows_per_second));
  }
};

// FieldGenerator: the values of one column as a pure function of (seed, row number).
//
// Threading:  immutable; shared by all readers of a table.
class FieldGenerator {
 public:
  static constexpr uint64_t kEndless = std::numeric_limits<uint64_t>::max();

  virtual ~FieldGenerator() = default;
  // The values of rows [first, first + count). REQUIRES: to.type() is the generator's.
  virtual void append(uint64_t first, uint32_t count, data::ColumnBuilder& to) const = 0;
  // How many rows there are.
  virtual uint64_t rows() const { return kEndless; }
};

// The generator of column `field` (a path "row.member" inside of nested types), by its options.
// Failure: kInvalidOptionValue, kMissingOption, kTypeMismatch.
Result<std::unique_ptr<FieldGenerator>> make_field_generator(const data::Type& type,
                                                             const std::string& field,
                                                             uint64_t seed,
                                                             const DatagenClock& clock,
                                                             FieldOptions& options);

}  // namespace millrace::connectors
