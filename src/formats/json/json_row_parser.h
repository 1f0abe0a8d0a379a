#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/builder.h"
#include "formats/format.h"
#include "formats/json/json_options.h"
#include "formats/text_values.h"

namespace millrace::formats {

// JsonRowParser: the text of one JSON object -> a row of a BatchBuilder. Looks only at the members
// that are wanted; remembers in which order they came last time.
//
// Threading:  confined to one task.
class JsonRowParser {
 public:
  JsonRowParser(const DecodeRequest& request, const JsonOptions& options);
  ~JsonRowParser();

  const data::SchemaPtr& schema() const { return schema_; }
  // 64 bytes behind `text` are readable. Ends a row of `to`, or leaves it as it was, fills
  // failure() and returns false.
  bool parse(std::string_view text, data::BatchBuilder& to);
  const FieldFailure& failure() const { return failure_; }

 private:
  struct State;  // keeps the JSON library out of this header
  data::SchemaPtr schema_;
  FieldFailure failure_;
  std::unique_ptr<State> state_;
};

// Failure: kTypeMismatch for a wanted column of a type that JSON cannot be read as.
Result<void> check_json_columns(const DecodeRequest& request);

}  // namespace millrace::formats
