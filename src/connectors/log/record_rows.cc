#include "connectors/log/record_rows.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::connectors {
namespace {

constexpr int64_t kUsPerMs = 1'000;

void append_metadata_headers(data::ColumnBuilder& builder, const record::Record& record) {
  data::ColumnBuilder& entries = builder.child(0);
  for (auto header = record.headers.begin(); header != record.headers.end(); ++header) {
    entries.child(0).append_text(header->key);
    if (header->value) {
      entries.child(1).append_text(*header->value);
    } else {
      entries.child(1).append_null();
    }
    entries.end_row();
  }
  builder.end_list();
}

}  // namespace

Result<RecordRows> RecordRows::make(const SourceRequest& request) {
  RecordRows rows;
  rows.schema_ = output_schema(request);
  formats::DecodeRequest values{.declared = request.declared,
                                .columns = {},
                                .options = request.options,
                                .null_on_error = request.null_on_error,
                                .predicates = {}};
  formats::DecodeRequest keys = values;
  for (const TableColumn& wanted : request.columns) {
    Column column{.field = wanted.field};
    if (!wanted.metadata_key.empty()) {
      constexpr std::string_view kKeys[] = {"",          "partition", "offset",
                                            "timestamp", "key",       "headers"};
      const auto found = std::ranges::find(kKeys, wanted.metadata_key);
      MILLRACE_ASSERT(found != std::end(kKeys));
      column.metadata = static_cast<Metadata>(found - kKeys);
    } else {
      const size_t index = request.declared->find(wanted.field.name).value();
      column.payload = values.columns.size();
      values.columns.push_back(index);
      if (std::ranges::find(request.upsert_key, index) != request.upsert_key.end()) {
        column.key = static_cast<int>(keys.columns.size());
        keys.columns.push_back(index);
      }
    }
    rows.columns_.push_back(std::move(column));
  }
  rows.values_ = MILLRACE_TRY(request.format->record_decoder(values));
  if (!request.upsert_key.empty()) {
    rows.keys_ = MILLRACE_TRY(request.format->record_decoder(keys));
  }
  return rows;
}

void RecordRows::decode_texts(formats::RecordDecoder& decoder,
                              std::span<const record::Record> records, bool keys,
                              std::vector<Bad>& bad) {
  texts_.clear();
  for (const record::Record& record : records) {
    texts_.push_back((keys ? record.key : record.value).value_or(std::string_view()));
  }
  decoder.decode(texts_, decoded_);
  is_bad_.assign(records.size(), false);
  for (auto& failed : decoded_.bad) {
    is_bad_[failed.index] = true;
    bad.push_back({.offset = records[failed.index].offset,
                   .code = failed.code,
                   .reason = std::move(failed.reason),
                   .value = std::string(texts_[failed.index])});
  }
}

data::Batch RecordRows::decode(std::span<const record::Record> records, int32_t partition,
                               std::vector<Bad>& bad) {
  const bool deletions = !records.front().value.has_value();
  if (deletions && keys_ == nullptr) {
    for (const record::Record& record : records) {
      bad.push_back({.offset = record.offset,
                     .code = ErrorCode::kMalformedRow,
                     .reason = "the record has no value, and the table has no primary key",
                     .value = std::string(record.key.value_or(""))});
    }
    return {};
  }
  decode_texts(deletions ? *keys_ : *values_, records, deletions, bad);
  const uint32_t count = decoded_.batch.rows();
  std::vector<data::ColumnPtr> columns;
  for (const Column& column : columns_) {
    if (column.metadata != Metadata::kNone) {
      columns.push_back(metadata_column(column, records, partition));
    } else if (!deletions) {
      columns.push_back(decoded_.batch.column(column.payload));
    } else if (column.key >= 0) {
      columns.push_back(decoded_.batch.column(static_cast<size_t>(column.key)));
    } else {
      columns.push_back(data::Column::nulls(column.field.type, count));
    }
  }
  data::Batch batch(schema_, std::move(columns), count);
  if (!deletions) return batch;
  Buffer signs = Buffer::allocate(count);
  std::fill_n(signs.mutable_as<data::Sign>(), count, data::Sign::kDelete);
  return std::move(batch).with_signs(std::move(signs));
}

data::ColumnPtr RecordRows::metadata_column(const Column& column,
                                            std::span<const record::Record> records,
                                            int32_t partition) const {
  data::ColumnBuilder builder(column.field.type, static_cast<uint32_t>(records.size()));
  for (size_t index = 0; index < records.size(); ++index) {
    if (is_bad_[index]) continue;
    const record::Record& record = records[index];
    switch (column.metadata) {
      case Metadata::kPartition:
        builder.append<int32_t>(partition);
        break;
      case Metadata::kOffset:
        builder.append<int64_t>(record.offset);
        break;
      case Metadata::kTimestamp:
        builder.append<int64_t>(record.timestamp_ms * kUsPerMs);
        break;
      case Metadata::kKey:
        if (record.key) {
          builder.append_text(*record.key);
        } else {
          builder.append_null();
        }
        break;
      case Metadata::kHeaders:
        append_metadata_headers(builder, record);
        break;
      case Metadata::kNone:
        break;
    }
  }
  return builder.finish();
}

}  // namespace millrace::connectors
