#include "connectors/filesystem/file_source.h"

#include <fmt/core.h>

#include "connectors/filesystem/block_reads.h"
#include "connectors/filesystem/path_pattern.h"

namespace millrace::connectors {
namespace {

// FileReader: drives a format's decoder over one file; the blocks are read elsewhere.
class FileReader final : public engine::SplitReader {
 public:
  FileReader(std::string table, std::string path, std::unique_ptr<formats::FileDecoder> decoder,
             std::shared_ptr<BlockReads> reads)
      : table_(std::move(table)),
        path_(std::move(path)),
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
      emit.rows(std::move(decoded_.batch), decoded_.behind, decoded_.first_row);
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

  const std::string table_;
  const std::string path_;
  const std::unique_ptr<formats::FileDecoder> decoder_;
  const std::shared_ptr<BlockReads> reads_;
  formats::Decoded decoded_;
};

class FileSource final : public engine::Source {
 public:
  FileSource(const SourceRequest& request, formats::DecodeRequest decode, std::string path,
             Outside& outside)
      : table_(request.table),
        format_(*request.format),
        decode_(std::move(decode)),
        schema_(output_schema(request)),
        path_(std::move(path)),
        outside_(outside) {}

  data::SchemaPtr schema() const override { return schema_; }
  bool bounded() const override { return true; }

  Result<std::vector<engine::Split>> splits() override {
    std::vector<engine::Split> splits;
    for (const std::string& file : MILLRACE_TRY(expand_path(outside_.files, path_))) {
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
    auto file = MILLRACE_TRY(outside_.files.open(split.name, io::OpenMode::kRead));
    const uint64_t bytes = MILLRACE_TRY(file->size());
    auto decoder = MILLRACE_TRY(format_.open_file(decode_, split.name, bytes, from));
    auto reads =
        std::make_shared<BlockReads>(std::move(file), outside_.io_executor, std::move(wake));
    for (const formats::ByteRange& range : decoder->wanted()) reads->request(range);
    return std::make_unique<FileReader>(table_, split.name, std::move(decoder), std::move(reads));
  }

 private:
  const std::string table_;
  const formats::Format& format_;
  const formats::DecodeRequest decode_;
  const data::SchemaPtr schema_;
  const std::string path_;
  Outside& outside_;
};

}  // namespace

Result<std::shared_ptr<engine::Source>> make_file_source(const SourceRequest& request,
                                                         const std::string& path,
                                                         Outside& outside) {
  formats::DecodeRequest decode{.declared = request.declared,
                                .columns = {},
                                .options = request.options,
                                .null_on_error = request.null_on_error,
                                .predicates = request.predicates};
  for (const TableColumn& column : request.columns) {
    decode.columns.push_back(request.declared->find(column.field.name).value());
  }
  return std::make_shared<FileSource>(request, std::move(decode), path, outside);
}

}  // namespace millrace::connectors
