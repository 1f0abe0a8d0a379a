#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "connectors/connector.h"
#include "data/builder.h"
#include "record/batch_view.h"

namespace millrace::connectors {

// RecordRows: records of one partition -> rows of a request's columns: payload through the format,
// metadata beside it; a deletion of an upsert topic as a -D row that holds the key.
//
// Threading:  confined to one task.
class RecordRows {
 public:
  static Result<RecordRows> make(const SourceRequest& request);

  // A record that gives no row.
  struct Bad {
    int64_t offset;
    ErrorCode code;
    std::string reason;
    std::string value;
  };
  // Rows of `records`, which either all have a value or all have none; `bad` in order of offsets.
  data::Batch decode(std::span<const record::Record> records, int32_t partition,
                     std::vector<Bad>& bad);

 private:
  enum class Metadata : uint8_t { kNone, kPartition, kOffset, kTimestamp, kKey, kHeaders };
  struct Column {
    data::Field field;
    Metadata metadata = Metadata::kNone;
    size_t payload = 0;  // n-th column of the payload
    int key = -1;        // n-th column of the key, -1: none
  };

  RecordRows() = default;
  void decode_texts(formats::RecordDecoder& decoder, std::span<const record::Record> records,
                    bool keys, std::vector<Bad>& bad);
  data::ColumnPtr metadata_column(const Column& column, std::span<const record::Record> records,
                                  int32_t partition) const;

  data::SchemaPtr schema_;
  std::vector<Column> columns_;
  std::unique_ptr<formats::RecordDecoder> values_;
  std::unique_ptr<formats::RecordDecoder> keys_;  // null: not an upsert topic
  std::vector<std::string_view> texts_;
  std::vector<bool> is_bad_;
  formats::DecodedRecords decoded_;
};

}  // namespace millrace::connectors
