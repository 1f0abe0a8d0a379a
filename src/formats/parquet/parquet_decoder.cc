#include "formats/parquet/parquet_decoder.h"

#ifdef MILLRACE_WITH_PARQUET

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <fmt/core.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>

#include <algorithm>
#include <map>

#include "base/endian.h"
#include "base/nearest.h"
#include "formats/parquet/arrow_columns.h"
#include "formats/text_input.h"

namespace millrace::formats {
namespace {

constexpr uint64_t kTailBytes = 64 << 10;  // read at first: most footers are shorter
constexpr uint64_t kFooterEndBytes = 8;    // length of the footer, mark
constexpr uint64_t kMarkBytes = 4;
constexpr std::string_view kMark = "PAR1";
constexpr uint64_t kSlackBytes = 100;  // some writers understate the length of a column chunk
constexpr uint64_t kAheadBytesMax = 16 << 20;
constexpr int64_t kDictionaryBytesMax = 64 << 10;  // on disk
constexpr int64_t kArrowBatchRows = 4 * data::kBatchRowsMax;

Error malformed(const std::string& name, std::string what) {
  return Error(ErrorCode::kMalformedFile, std::move(what)).at(name);
}

Error damaged(const std::string& name, std::string_view why) {
  // Arrow ends its sentences with a period, and some with a line break.
  why = why.substr(0, why.find_last_not_of(" .\r\n") + 1);
  return malformed(name, fmt::format("the Parquet file is damaged: {}", why))
      .remedy("Write or copy the file again.");
}

// A Buffer of ours as one of Arrow's.
class SharedBuffer final : public arrow::Buffer {
 public:
  SharedBuffer(millrace::Buffer bytes, size_t offset, size_t count)
      : arrow::Buffer(reinterpret_cast<const uint8_t*>(bytes.data()) + offset,
                      static_cast<int64_t>(count)),
        bytes_(std::move(bytes)) {}

 private:
  millrace::Buffer bytes_;
};

// What has been supplied of the file, to Arrow as a file.
class SuppliedFile final : public arrow::io::RandomAccessFile {
 public:
  explicit SuppliedFile(uint64_t bytes) : bytes_(bytes) {}

  void add(ByteRange range, millrace::Buffer bytes) {
    pieces_.insert_or_assign(range.offset, std::move(bytes));
  }
  bool has(ByteRange range) const {
    const auto piece = pieces_.find(range.offset);
    return piece != pieces_.end() && piece->second.bytes() >= range.bytes;
  }
  void forget(ByteRange range) { pieces_.erase(range.offset); }

  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return at_; }
  arrow::Status Seek(int64_t position) override {
    at_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(bytes_); }
  arrow::Result<int64_t> Read(int64_t count, void* to) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(at_, count, to));
    at_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t count) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, count));
    at_ += buffer->size();
    return buffer;
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t count, void* to) override {
    ARROW_ASSIGN_OR_RAISE(const auto buffer, ReadAt(position, count));
    std::memcpy(to, buffer->data(), static_cast<size_t>(buffer->size()));
    return buffer->size();
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t count) override {
    const auto first = static_cast<uint64_t>(position);
    const uint64_t wanted =
        std::min(static_cast<uint64_t>(count), bytes_ - std::min(first, bytes_));
    auto piece = pieces_.upper_bound(first);
    if (piece != pieces_.begin()) {
      --piece;
      const uint64_t inside = first - piece->first;
      if (inside + wanted <= piece->second.bytes()) {
        return std::make_shared<SharedBuffer>(piece->second, inside, wanted);
      }
    }
    return arrow::Status::IOError("bytes ", position, " to ", position + count,
                                  " belong to no column");
  }

 private:
  const uint64_t bytes_;
  std::map<uint64_t, millrace::Buffer> pieces_;
  int64_t at_ = 0;
};

void collect_leaves(const parquet::arrow::SchemaField& field, std::vector<int>& leaves) {
  if (field.is_leaf()) leaves.push_back(field.column_index);
  for (const parquet::arrow::SchemaField& child : field.children) collect_leaves(child, leaves);
}

// Where the last bytes of a file say its footer is.
struct FooterPlace {
  uint64_t offset;
  uint32_t bytes;
};

Result<FooterPlace> find_footer(const std::string& name, uint64_t file_bytes, std::string_view head,
                                std::string_view tail) {
  const bool begins = head.starts_with(kMark);
  if (!tail.ends_with(kMark)) {
    if (begins) {
      return malformed(name, "the Parquet file is cut short: its end is missing")
          .remedy("Write or copy the file again.");
    }
    const std::string_view kind = recognise_binary(head);
    return malformed(name, fmt::format("the file is no Parquet file{}{}",
                                       kind.empty() ? "" : " but ", kind))
        .remedy("Check the path and the option 'format'.");
  }
  if (tail.size() < kFooterEndBytes) return damaged(name, "it is shorter than a footer");
  const auto bytes = load_le<uint32_t>(tail.data() + tail.size() - kFooterEndBytes);
  if (bytes > file_bytes - kFooterEndBytes - std::min(kMarkBytes, file_bytes - kFooterEndBytes)) {
    return damaged(name, "its footer is longer than the file");
  }
  return FooterPlace{file_bytes - kFooterEndBytes - bytes, bytes};
}

// Min and max of a leaf column in a row group, as values of `type`; nothing where the file is
// silent.
data::ColumnStatistics chunk_statistics(const parquet::RowGroupMetaData& group, int leaf,
                                        const data::Type& type) {
  data::ColumnStatistics known;
  known.rows = static_cast<uint64_t>(group.num_rows());
  const auto chunk = group.ColumnChunk(leaf);
  const std::shared_ptr<parquet::Statistics> statistics = chunk->statistics();
  if (statistics == nullptr) return known;
  if (statistics->HasNullCount()) known.nulls = static_cast<uint64_t>(statistics->null_count());
  // NaN is no part of the file's limits, but above all numbers in ours.
  if (!statistics->HasMinMax() || type.is_float()) return known;
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  if (!parquet::arrow::StatisticsAsScalars(*statistics, &min, &max).ok()) return known;
  ArrowColumns columns(type);
  const auto value =
      [&](const std::shared_ptr<arrow::Scalar>& scalar) -> std::optional<data::Value> {
    if (!converts(*scalar->type, type)) return std::nullopt;
    const auto array = arrow::MakeArrayFromScalar(*scalar, 1);
    std::vector<BadValue> bad;
    if (!array.ok()) return std::nullopt;
    const data::ColumnPtr column = columns.convert(**array, bad);
    if (column == nullptr) return std::nullopt;
    data::Value converted = column->value(0);
    return bad.empty() && !converted.is_null() ? std::optional(std::move(converted)) : std::nullopt;
  };
  known.min = value(min);
  known.max = value(max);
  return known;
}

class ParquetDecoder final : public FileDecoder {
 public:
  ParquetDecoder(DecodeRequest request, std::string name, uint64_t file_bytes)
      : request_(std::move(request)),
        name_(std::move(name)),
        file_bytes_(file_bytes),
        file_(std::make_shared<SuppliedFile>(file_bytes)),
        schema_(request_.output_schema()) {}

  void resume(int group, int64_t rows) {
    group_ = group;
    skip_rows_ = rows;
  }

  std::vector<ByteRange> wanted() override {
    std::vector<ByteRange> ranges;
    const auto add = [&](ByteRange range) {
      if (!file_->has(range)) ranges.push_back(range);
    };
    if (reader_ == nullptr) {
      add(head());
      add(tail());
      if (footer_bytes_ != 0) add(footer());
      return ranges;
    }
    uint64_t ahead = 0;
    for (int group = group_; group < groups(); ++group) {
      if (skips(group)) continue;
      for (const ByteRange& range : chunks(group)) {
        if (group != group_) ahead += range.bytes;
        if (ahead <= kAheadBytesMax) add(range);
      }
      if (group != group_) break;
    }
    return ranges;
  }

  void supply(ByteRange range, Buffer bytes) override { file_->add(range, std::move(bytes)); }

  Result<Progress> decode(uint32_t rows_max, Decoded& to) override {
    to = Decoded();
    try {
      return step(rows_max, to);
    } catch (const std::exception& error) {
      return damaged(name_, error.what());
    }
  }

  // Reads the footer, if its bytes are there. False: they are not.
  Result<bool> open() {
    if (!file_->has(head()) || !file_->has(tail())) return false;
    if (footer_bytes_ == 0) MILLRACE_TRY(locate_footer());
    if (!file_->has(footer())) return false;
    try {
      MILLRACE_TRY(open_reader());
    } catch (const std::exception& error) {
      return damaged(name_, error.what());
    }
    return true;
  }

  // REQUIRES: open() has said true, and `column` is the only wanted column.
  std::optional<data::ColumnStatistics> statistics_of_all() const {
    std::optional<data::ColumnStatistics> all;
    const data::Type& type = schema_->field(0).type;
    for (int group = 0; group < groups(); ++group) {
      if (leaves_.size() != 1) return std::nullopt;
      const auto one = chunk_statistics(*metadata_->RowGroup(group), leaves_[0], type);
      if (!one.min || !one.max) {
        if (one.nulls == one.rows) continue;
        return std::nullopt;
      }
      if (!all) {
        all = one;
        continue;
      }
      if (compare(*one.min, *all->min, type) < 0) all->min = one.min;
      if (compare(*one.max, *all->max, type) > 0) all->max = one.max;
      all->rows += one.rows;
      all->nulls = one.nulls && all->nulls ? std::optional(*one.nulls + *all->nulls) : std::nullopt;
    }
    return all;
  }

 private:
  ByteRange head() const { return {0, std::min(kMarkBytes, file_bytes_)}; }
  ByteRange tail() const {
    const uint64_t bytes = std::min(kTailBytes, file_bytes_);
    return {file_bytes_ - bytes, bytes};
  }
  ByteRange footer() const {
    return {file_bytes_ - kFooterEndBytes - footer_bytes_, footer_bytes_ + kFooterEndBytes};
  }
  int groups() const { return metadata_->num_row_groups(); }

  std::string_view supplied(ByteRange range) {
    held_ = file_->ReadAt(static_cast<int64_t>(range.offset), static_cast<int64_t>(range.bytes))
                .ValueOr(nullptr);
    return held_ == nullptr ? std::string_view()
                            : std::string_view(reinterpret_cast<const char*>(held_->data()),
                                               static_cast<size_t>(held_->size()));
  }

  Result<void> locate_footer() {
    const std::string head_bytes(supplied(head()));
    const std::string_view tail_bytes = supplied(tail());
    const FooterPlace place = MILLRACE_TRY(find_footer(name_, file_bytes_, head_bytes, tail_bytes));
    footer_bytes_ = place.bytes;
    // Usually it has been read with the tail.
    const ByteRange whole = footer();
    if (whole.bytes <= tail().bytes) {
      file_->add(whole, Buffer::copy_of(tail_bytes.substr(tail().bytes - whole.bytes)));
    }
    return {};
  }

  Result<void> open_reader() {
    const std::string_view bytes = supplied(footer());
    try {
      metadata_ = parquet::FileMetaData::Make(bytes.data(), int64_t{footer_bytes_});
    } catch (const std::exception&) {
      return damaged(name_, "its footer cannot be read");
    }
    parquet::ArrowReaderProperties properties(false);
    properties.set_pre_buffer(false);
    properties.set_batch_size(kArrowBatchRows);
    for (int leaf = 0; leaf < metadata_->num_columns(); ++leaf) {
      properties.set_read_dictionary(leaf, reads_dictionary(leaf));
    }
    parquet::arrow::FileReaderBuilder builder;
    parquet::ReaderProperties checked = parquet::default_reader_properties();
    checked.set_page_checksum_verification(true);
    arrow::Status status = builder.Open(file_, checked, metadata_);
    if (status.ok()) status = builder.properties(properties)->Build(&reader_);
    if (!status.ok()) return damaged(name_, status.message());
    return choose_columns();
  }

  // Texts that are no part of something else, and come with a dictionary that is small.
  bool reads_dictionary(int leaf) const {
    const auto* column = metadata_->schema()->Column(leaf);
    if (column->physical_type() != parquet::Type::BYTE_ARRAY || groups() == 0) return false;
    if (column->path()->ToDotVector().size() != 1 || column->max_repetition_level() != 0)
      return false;
    const auto chunk = metadata_->RowGroup(0)->ColumnChunk(leaf);
    const int64_t bytes = chunk->data_page_offset() - chunk->dictionary_page_offset();
    return chunk->has_dictionary_page() && bytes > 0 && bytes <= kDictionaryBytesMax;
  }

  Result<void> choose_columns() {
    const auto& fields = reader_->manifest().schema_fields;
    std::vector<std::string_view> names;
    for (const auto& field : fields) names.push_back(field.field->name());
    for (const data::Field& wanted : schema_->fields()) {
      const auto found = std::find(names.begin(), names.end(), wanted.name);
      if (found == names.end()) {
        return Error(ErrorCode::kColumnNotFound,
                     fmt::format("the file has no column '{}'", wanted.name))
            .at(name_)
            .remedy(nearest_remedy(wanted.name, names));
      }
      const auto& field = fields[static_cast<size_t>(found - names.begin())];
      MILLRACE_TRY(check_type(*field.field->type(), wanted));
      collect_leaves(field, leaves_);
      columns_.emplace_back(wanted.type);
    }
    std::sort(leaves_.begin(), leaves_.end());
    return {};
  }

  Result<void> check_type(const arrow::DataType& from, const data::Field& wanted) const {
    if (converts(from, wanted.type)) return {};
    const std::optional<data::Type> natural = natural_type(from);
    Error error = Error(ErrorCode::kTypeMismatch,
                        fmt::format("column '{}' is declared as {}, but in the file it is {}",
                                    wanted.name, wanted.type.to_string(),
                                    natural ? natural->to_string() : from.ToString()))
                      .at(name_);
    if (!natural) return error;
    return std::move(error).remedy(
        fmt::format("Declare it as {} and convert it in the query.", natural->to_string()));
  }

  // The bytes of the needed columns in a row group.
  std::vector<ByteRange> chunks(int group) const {
    std::vector<ByteRange> ranges;
    const auto row_group = metadata_->RowGroup(group);
    for (const int leaf : leaves_) {
      const auto chunk = row_group->ColumnChunk(leaf);
      int64_t first = chunk->data_page_offset();
      if (chunk->has_dictionary_page() && chunk->dictionary_page_offset() > 0) {
        first = std::min(first, chunk->dictionary_page_offset());
      }
      const auto offset = std::min(static_cast<uint64_t>(first), file_bytes_);
      const auto bytes = static_cast<uint64_t>(chunk->total_compressed_size()) + kSlackBytes;
      ranges.push_back({offset, std::min(bytes, file_bytes_ - offset)});
    }
    return ranges;
  }

  // No row of the group can match the predicates.
  bool skips(int group) const {
    const auto row_group = metadata_->RowGroup(group);
    const auto& fields = reader_->manifest().schema_fields;
    for (const data::SimplePredicate& predicate : request_.predicates) {
      const data::Field& column = request_.declared->field(predicate.column);
      for (const auto& field : fields) {
        if (field.field->name() != column.name || !field.is_leaf()) continue;
        if (!converts(*field.field->type(), column.type)) continue;
        const auto known = chunk_statistics(*row_group, field.column_index, column.type);
        if (!may_match(predicate, known, column.type)) return true;
      }
    }
    return false;
  }

  Result<Progress> step(uint32_t rows_max, Decoded& to) {
    if (reader_ == nullptr) {
      const bool opened = MILLRACE_TRY(open());
      if (!opened) return Progress::kNeedsBytes;
      for (int group = 0; group < std::min(group_, groups()); ++group) {
        group_first_row_ += metadata_->RowGroup(group)->num_rows();
      }
    }
    while (pending_.empty() || cursor_ == pending_.rows()) {
      const Progress progress = MILLRACE_TRY(read_more());
      if (progress != Progress::kRows) return progress;
    }
    emit(rows_max, to);
    return Progress::kRows;
  }

  // Reads some rows into pending_.
  Result<Progress> read_more() {
    if (batches_ == nullptr) {
      while (group_ < groups() && skips(group_)) next_group();
      if (group_ == groups()) return Progress::kDone;
      for (const ByteRange& range : chunks(group_)) {
        if (!file_->has(range)) return Progress::kNeedsBytes;
      }
      auto batches = reader_->GetRecordBatchReader({group_}, leaves_);
      if (!batches.ok()) return damaged(name_, batches.status().message());
      batches_ = std::move(*batches);
      row_in_group_ = 0;
    }
    std::shared_ptr<arrow::RecordBatch> rows;
    const arrow::Status status = batches_->ReadNext(&rows);
    if (!status.ok()) return damaged(name_, status.message());
    if (rows == nullptr) {
      next_group();
      return read_more();
    }
    const int64_t skipped = std::min(skip_rows_ - row_in_group_, rows->num_rows());
    if (skipped > 0) {
      row_in_group_ += skipped;
      rows = rows->Slice(skipped);
      if (rows->num_rows() == 0) return read_more();
    }
    MILLRACE_TRY(convert(*rows));
    return Progress::kRows;
  }

  void next_group() {
    group_first_row_ += metadata_->RowGroup(group_)->num_rows();
    for (const ByteRange& range : chunks(group_)) file_->forget(range);
    batches_ = nullptr;
    skip_rows_ = 0;
    row_in_group_ = 0;
    ++group_;
  }

  Result<void> convert(const arrow::RecordBatch& rows) {
    bad_.clear();
    std::vector<data::ColumnPtr> columns;
    for (size_t index = 0; index < columns_.size(); ++index) {
      const data::Field& field = schema_->field(index);
      std::vector<BadValue> bad;
      columns.push_back(columns_[index].convert(*rows.GetColumnByName(field.name), bad));
      if (columns.back() == nullptr) return damaged(name_, "a value is not in its dictionary");
      if (!field.nullable) find_nulls(*columns.back(), bad);
      if (request_.null_on_error && field.nullable) continue;
      for (BadValue& value : bad) {
        value.reason = fmt::format("column '{}': {}", field.name, value.reason);
        bad_.push_back(std::move(value));
      }
    }
    std::stable_sort(bad_.begin(), bad_.end(),
                     [](const BadValue& a, const BadValue& b) { return a.row < b.row; });
    pending_ = data::Batch(schema_, std::move(columns), static_cast<uint32_t>(rows.num_rows()));
    cursor_ = 0;
    next_bad_ = 0;
    return {};
  }

  static void find_nulls(const data::Column& column, std::vector<BadValue>& bad) {
    if (!column.may_have_nulls()) return;
    std::vector<bool> known(column.rows());
    for (const BadValue& value : bad) known[value.row] = true;
    for (uint32_t row = 0; row < column.rows(); ++row) {
      if (!column.is_null(row) || known[row]) continue;
      bad.push_back({row, ErrorCode::kNullNotAllowed, "NULL, but the column is NOT NULL"});
    }
  }

  // The next of pending_, up to a bad row.
  void emit(uint32_t rows_max, Decoded& to) {
    while (next_bad_ < bad_.size() && bad_[next_bad_].row < cursor_) ++next_bad_;
    uint32_t end = std::min(pending_.rows(), cursor_ + rows_max);
    const bool is_bad = next_bad_ < bad_.size() && bad_[next_bad_].row < end;
    if (is_bad) end = bad_[next_bad_].row;
    to.first_row = group_first_row_ + row_in_group_;
    if (end > cursor_) to.batch = pending_.slice(cursor_, end - cursor_);
    row_in_group_ += end - cursor_;
    cursor_ = end;
    if (is_bad) {
      to.bad.push_back(describe(bad_[next_bad_]));
      ++cursor_;
      ++row_in_group_;
    }
    to.behind = TextPosition{"parquet", static_cast<uint64_t>(group_), row_in_group_}.to_string();
  }

  BadRow describe(const BadValue& value) const {
    BadRow bad;
    bad.code = value.code;
    bad.reason = value.reason;
    bad.number = group_first_row_ + row_in_group_;
    bad.where = fmt::format("[{}]", bad.number);
    // A row has no bytes of its own in the file: its values stand for them.
    std::string text = pending_.slice(cursor_, 1).to_string().substr(3);
    text.pop_back();
    bad.raw = text.substr(0, kRawBytesMax);
    return bad;
  }

  const DecodeRequest request_;
  const std::string name_;
  const uint64_t file_bytes_;
  const std::shared_ptr<SuppliedFile> file_;
  const data::SchemaPtr schema_;
  std::shared_ptr<arrow::Buffer> held_;  // what supplied() last answered
  uint32_t footer_bytes_ = 0;            // 0: not known yet
  std::shared_ptr<parquet::FileMetaData> metadata_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::vector<int> leaves_;
  std::vector<ArrowColumns> columns_;
  std::unique_ptr<arrow::RecordBatchReader> batches_;  // of row group group_
  int group_ = 0;
  int64_t group_first_row_ = 0;
  int64_t row_in_group_ = 0;  // of the next row to emit
  int64_t skip_rows_ = 0;     // of the first group, after a resume
  data::Batch pending_;
  uint32_t cursor_ = 0;
  std::vector<BadValue> bad_;  // of pending_, by row
  size_t next_bad_ = 0;
};

}  // namespace

Result<std::unique_ptr<FileDecoder>> open_parquet_file(const DecodeRequest& request,
                                                       std::string name, uint64_t file_bytes,
                                                       const Position& from) {
  if (file_bytes == 0) {
    return malformed(name, "the file is empty").remedy("Check the path and the option 'format'.");
  }
  TextPosition position;
  if (!from.empty()) position = MILLRACE_TRY(TextPosition::parse(from, file_bytes, name));
  auto decoder = std::make_unique<ParquetDecoder>(request, std::move(name), file_bytes);
  decoder->resume(static_cast<int>(position.offset), position.number);
  return decoder;
}

Result<std::optional<data::ColumnStatistics>> parquet_statistics(const DecodeRequest& request,
                                                                 std::string name, io::File& file,
                                                                 size_t column) {
  DecodeRequest one = request;
  one.columns = {column};
  const uint64_t bytes = MILLRACE_TRY(file.size());
  ParquetDecoder decoder(std::move(one), name, bytes);
  while (true) {
    const bool opened = MILLRACE_TRY(decoder.open());
    if (opened) return decoder.statistics_of_all();
    for (const ByteRange& range : decoder.wanted()) {
      Buffer piece = Buffer::allocate(range.bytes);
      const size_t read =
          MILLRACE_TRY(file.read_at(range.offset, {piece.mutable_data(), piece.bytes()}));
      if (read != range.bytes) return damaged(name, "it became shorter while it was read");
      decoder.supply(range, std::move(piece));
    }
  }
}

}  // namespace millrace::formats

#endif  // MILLRACE_WITH_PARQUET
