#include "connectors/filesystem/file_source.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/filesystem/block_reads.h"
#include "connectors/filesystem/partition_folder.h"
#include "connectors/filesystem/path_pattern.h"
#include "data/builder.h"
#include "formats/text_values.h"

namespace millrace::connectors {
namespace {

// What a file's rows are made of: columns of the file, and those that its folders tell.
struct RowShape {
  data::SchemaPtr schema;
  static constexpr size_t kFolder = SIZE_MAX;
  std::vector<size_t> decoded;  // per column: its place in what is decoded, or kFolder

  bool all_decoded() const { return std::ranges::count(decoded, kFolder) == 0; }
};

// The columns of one row that the folders of `path` tell; null for the others.
Result<std::vector<data::ColumnPtr>> folder_columns(const RowShape& shape,
                                                    const std::string& path) {
  std::vector<data::ColumnPtr> columns(shape.decoded.size());
  for (size_t at = 0; at < columns.size(); ++at) {
    if (shape.decoded[at] != RowShape::kFolder) continue;
    const data::Field& field = shape.schema->field(at);
    const auto text = partition_text(path, field.name);
    if (!text) {
      return Error(ErrorCode::kMalformedFile,
                   fmt::format("no folder above the file is named '{}=…'", field.name))
          .at(path)
          .remedy("Put it where PARTITIONED BY says, or leave PARTITIONED BY out.");
    }
    data::ColumnBuilder builder(field.type, 1);
    formats::FieldFailure failure;
    if (text->empty()) {
      builder.append_null();
    } else if (!formats::append_text_as_value(builder, *text, failure)) {
      return Error(failure.code, failure.reason).at(path).remedy("Rename the folder.");
    }
    columns[at] = builder.finish();
  }
  return columns;
}

// FileReader: drives a format's decoder over one file; the blocks are read elsewhere.
class FileReader final : public engine::SplitReader {
 public:
  FileReader(std::string table, std::string path, const RowShape& shape,
             std::vector<data::ColumnPtr> folders, std::unique_ptr<formats::FileDecoder> decoder,
             std::shared_ptr<BlockReads> reads)
      : table_(std::move(table)),
        path_(std::move(path)),
        shape_(shape),
        folders_(std::move(folders)),
        decoder_(std::move(decoder)),
        reads_(std::move(reads)) {}

  Result<engine::Step> poll(uint32_t rows_max, engine::Emit& emit) override {
    for (BlockReads::Block& block : reads_->take()) {
      decoder_->supply(block.range, MILLRACE_TRY(std::move(block.bytes)));
    }
    const uint32_t rows = std::min(rows_max, data::kBatchRowsMax);
    const formats::Progress progress = MILLRACE_TRY(decoder_->decode(rows, decoded_));
    if (progress != formats::Progress::kDone) {
      for (const formats::ByteRange& range : decoder_->wanted()) reads_->request(range);
    }
    switch (progress) {
      case formats::Progress::kNeedsBytes:
        return engine::Step::kWait;
      case formats::Progress::kDone:
        return engine::Step::kDone;
      case formats::Progress::kRows:
        break;
    }
    emit_decoded(emit);
    return engine::Step::kAgain;
  }

 private:
  void emit_decoded(engine::Emit& emit) {
    if (!decoded_.batch.empty()) {
      emit.rows(with_folders(std::move(decoded_.batch)), decoded_.behind, decoded_.first_row);
    }
    for (formats::BadRow& bad : decoded_.bad) {
      emit.reject({.code = bad.code,
                   .reason = std::move(bad.reason),
                   .table = table_,
                   .place = path_ + bad.where,
                   .row = std::move(bad.raw)},
                  decoded_.behind);
    }
  }

  data::Batch with_folders(data::Batch batch) const {
    if (folders_.empty()) return batch;
    std::vector<data::ColumnPtr> columns;
    for (size_t at = 0; at < folders_.size(); ++at) {
      columns.push_back(folders_[at] == nullptr
                            ? batch.column(shape_.decoded[at])
                            : data::Column::constant(folders_[at], batch.rows()));
    }
    return data::Batch(shape_.schema, std::move(columns), batch.rows());
  }

  const std::string table_;
  const std::string path_;
  const RowShape shape_;
  const std::vector<data::ColumnPtr> folders_;  // empty: every column is decoded
  const std::unique_ptr<formats::FileDecoder> decoder_;
  const std::shared_ptr<BlockReads> reads_;
  formats::Decoded decoded_;
};

class FileSource final : public engine::Source {
 public:
  FileSource(const SourceRequest& request, formats::DecodeRequest decode, RowShape shape,
             std::string path, Outside& outside)
      : table_(request.table),
        format_(*request.format),
        decode_(std::move(decode)),
        shape_(std::move(shape)),
        path_(std::move(path)),
        outside_(outside) {}

  data::SchemaPtr schema() const override { return shape_.schema; }
  bool bounded() const override { return true; }

  Result<std::vector<engine::Split>> splits() override {
    std::vector<engine::Split> splits;
    const auto files = expand_path(outside_.files, path_);
    if (!files) {
      return files.error().place().empty() ? Error(files.error()).at(table_) : files.error();
    }
    for (const std::string& file : *files) {
      const io::FileStat stat = MILLRACE_TRY(outside_.files.stat(file));
      splits.push_back({.name = file,
                        .identity = fmt::format("{}:{}", stat.bytes, stat.modified_us),
                        .event_time_min = {}});
    }
    return splits;
  }

  Result<std::unique_ptr<engine::SplitReader>> open(const engine::Split& split,
                                                    const engine::Position& from,
                                                    io::Wake wake) override {
    std::vector<data::ColumnPtr> folders;
    if (!shape_.all_decoded()) folders = MILLRACE_TRY(folder_columns(shape_, split.name));
    auto file = MILLRACE_TRY(outside_.files.open(split.name, io::OpenMode::kRead));
    const uint64_t bytes = MILLRACE_TRY(file->size());
    auto decoder = MILLRACE_TRY(format_.open_file(decode_, split.name, bytes, from));
    auto reads =
        std::make_shared<BlockReads>(std::move(file), outside_.io_executor, std::move(wake));
    for (const formats::ByteRange& range : decoder->wanted()) reads->request(range);
    return std::make_unique<FileReader>(table_, split.name, shape_, std::move(folders),
                                        std::move(decoder), std::move(reads));
  }

 private:
  const std::string table_;
  const formats::Format& format_;
  const formats::DecodeRequest decode_;
  const RowShape shape_;
  const std::string path_;
  Outside& outside_;
};

}  // namespace

Result<std::shared_ptr<engine::Source>> make_file_source(const SourceRequest& request,
                                                         const std::string& path,
                                                         Outside& outside) {
  const auto in_folder = [&](const std::string& name) {
    return std::ranges::find(request.partitioned_by, name) != request.partitioned_by.end();
  };
  // A file has the declared columns but for those that its folders tell.
  std::vector<data::Field> fields;
  std::vector<size_t> places(request.declared->columns());
  for (size_t at = 0; at < places.size(); ++at) {
    const data::Field& field = request.declared->field(at);
    if (in_folder(field.name)) continue;
    places[at] = fields.size();
    fields.push_back(field);
  }
  formats::DecodeRequest decode{.declared = data::make_schema(std::move(fields)),
                                .columns = {},
                                .options = request.options,
                                .null_on_error = request.null_on_error,
                                .predicates = {}};
  for (const data::SimplePredicate& predicate : request.predicates) {
    if (in_folder(request.declared->field(predicate.column).name)) continue;
    decode.predicates.push_back(predicate);
    decode.predicates.back().column = places[predicate.column];
  }
  RowShape shape{.schema = output_schema(request), .decoded = {}};
  for (const TableColumn& column : request.columns) {
    if (in_folder(column.field.name)) {
      shape.decoded.push_back(RowShape::kFolder);
      continue;
    }
    shape.decoded.push_back(decode.columns.size());
    decode.columns.push_back(places[request.declared->find(column.field.name).value()]);
  }
  return std::make_shared<FileSource>(request, std::move(decode), std::move(shape), path, outside);
}

}  // namespace millrace::connectors
