#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/column.h"
#include "data/type.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace millrace::formats {

// A value that is in the file but not in the declared type's range.
struct BadValue {
  uint32_t row;
  ErrorCode code;
  std::string reason;
};

// The type a file's column is declared as most naturally; nullopt: none of ours.
std::optional<data::Type> natural_type(const arrow::DataType& from);
// Whether every value of `from` has a place in `to`, but for those out of its range.
bool converts(const arrow::DataType& from, const data::Type& to);

// ArrowColumns: arrays of one column of a file -> columns of one type.
//
// Threading:  confined to one task (keeps the last dictionary).
class ArrowColumns {
 public:
  explicit ArrowColumns(data::Type type) : type_(std::move(type)) {}
  // REQUIRES: converts(array.type(), type). What does not fit becomes NULL and is named in `bad`.
  // Null: the array is damaged (an index outside its dictionary).
  data::ColumnPtr convert(const arrow::Array& array, std::vector<BadValue>& bad);

 private:
  data::ColumnPtr convert_dictionary(const arrow::Array& array, std::vector<BadValue>& bad);

  data::Type type_;
  std::shared_ptr<arrow::Array> dictionary_;  // what known_ was made from
  data::ColumnPtr known_;
};

}  // namespace millrace::formats
