#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/column.h"
#include "expr/rows.h"

namespace millrace::expr {

// One row that could not be computed, and why, in a sentence.
struct RowError {
  uint32_t row = 0;  // physical
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string message;
};

// RowErrors: the rows of a batch that could not be computed, ascending, one error a row. Row errors
//            are
// values: they meet FALSE AND error = FALSE, TRUE OR error = TRUE, and a row fails only when a
// result that carries its error is consumed.
//
// Threading:  a value; immutable once a Vector shares it.
class RowErrors {
 public:
  bool empty() const { return list_.empty(); }
  size_t size() const { return list_.size(); }
  const std::vector<RowError>& list() const { return list_; }
  // Null: the row has none. Looks it up by halving.
  const RowError* find(uint32_t row) const;

  // A row that has an error keeps it. Cheapest with ascending rows.
  void add(uint32_t row, ErrorCode code, std::string message);
  // The errors of `other` too; where both have one, this one's stays.
  void merge(const RowErrors& other);
  // Forgets rows that `keep(row)` denies.
  template <class Keep>
  void keep_if(Keep&& keep) {
    std::erase_if(list_, [&](const RowError& error) { return !keep(error.row); });
  }
  // Of `rows` only.
  RowErrors within(const Rows& rows) const;
  void clear() { list_.clear(); }

 private:
  std::vector<RowError> list_;
};
using RowErrorsPtr = std::shared_ptr<const RowErrors>;

// Vector: what an expression gives for the rows of a batch: a value, a NULL or an error per row.
//
// column:  as many rows as the batch has physical rows; any encoding. Only rows that were asked for
//          mean anything; a row with an error is NULL in it.
// errors:  null where no row failed. May hold rows that were not asked for: their error is not one.
struct Vector {
  data::ColumnPtr column;
  RowErrorsPtr errors;
};

}  // namespace millrace::expr
