#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/client_record.h"

namespace millrace::cli {

// A record as one JSON object in one line, without its end:
//
//   {"topic":"t","partition":0,"offset":7,"timestamp":1709251200000,"key":"k","value":"v",
//    "headers":[{"name":"a","value":"1"}]}
//
// A key or value that is NULL is null. Bytes that are no UTF-8 are base64, and a field behind them
// says so: "key_encoding":"base64", "value_encoding", in a header "encoding".
void append_record_json(std::string& to, const ClientRecord& record);

// GivenRecord: a record read from such an object, which owns its bytes. All fields may be missing;
// topic and offset mean nothing here. A value that is no text or null counts as its JSON text.
class GivenRecord {
 public:
  // Failure: kMalformedRow: what is wrong; with the nearest field for one that is not known.
  static Result<GivenRecord> parse(std::string_view json);
  // As views into this object.
  ClientRecord record() const;

 private:
  friend class RecordJsonReader;
  struct Header {
    std::string name;
    std::optional<std::string> value;
  };
  int32_t partition_ = -1;
  int64_t timestamp_ms_ = -1;
  std::optional<std::string> key_;
  std::optional<std::string> value_;
  std::vector<Header> headers_;
};

}  // namespace millrace::cli
