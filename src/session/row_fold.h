#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/row_codec.h"

namespace millrace::session {

// RowFold: changes of rows -> the rows that are left: the result of a SELECT whose query changes
// rows.
//
// Threading:  confined to one thread.
class RowFold {
 public:
  explicit RowFold(data::SchemaPtr schema);
  void add(const data::Batch& changes);
  // What is left, in the order in which the rows first came.
  Result<std::vector<data::Batch>> finish();

 private:
  const data::SchemaPtr schema_;
  const data::RowCodec codec_;
  data::EncodedRows encoded_;
  struct Row {
    std::string bytes;
    int64_t count = 0;
  };
  std::vector<Row> rows_;
  std::unordered_map<std::string, size_t> places_;
};

}  // namespace millrace::session
