#pragma once

#include <memory>

#include "base/result.h"
#include "data/column.h"

namespace arrow {
class Array;
class DataType;
}  // namespace arrow

namespace millrace::formats {

// The type that columns of `type` are written as. Failure: kTypeMismatch: intervals, NULL.
Result<std::shared_ptr<arrow::DataType>> arrow_type_of(const data::Type& type);

// The rows of `column` as an array of that type. REQUIRES: arrow_type_of(column.type()).
std::shared_ptr<arrow::Array> to_arrow(const data::ColumnPtr& column);

}  // namespace millrace::formats
