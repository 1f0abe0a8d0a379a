#include "connectors/filesystem/file_target.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "connectors/filesystem/manifest.h"
#include "connectors/filesystem/part_file.h"
#include "connectors/filesystem/partition_folder.h"

namespace millrace::connectors {
namespace {

constexpr size_t kOpenPartsMax = 256;
constexpr std::string_view kHiddenFolder = ".millrace";
constexpr std::string_view kManifestName = "manifest";
constexpr std::string_view kLockName = "lock";

// Which arriving columns make the file and which the folder; in the order of the declaration.
struct FileLayout {
  data::SchemaPtr schema;                        // of the files
  std::vector<std::optional<uint32_t>> columns;  // that arrive; nothing: NULL
  struct Level {
    std::string name;
    data::Type type;
    std::optional<uint32_t> column;
  };
  std::vector<Level> folders;

  static FileLayout of(const SinkRequest& request) {
    FileLayout layout;
    std::vector<data::Field> fields;
    const data::SchemaPtr declared = request.declared;
    for (const data::Field& field : declared->fields()) {
      if (std::ranges::find(request.partitioned_by, field.name) != request.partitioned_by.end()) {
        continue;
      }
      layout.columns.push_back(arriving(request, field.name));
      fields.push_back(field);
    }
    for (const std::string& name : request.partitioned_by) {
      const auto at = declared->find(name);
      layout.folders.push_back({name, declared->field(at.value()).type, arriving(request, name)});
    }
    layout.schema = data::make_schema(std::move(fields));
    return layout;
  }

  data::Batch file_rows(const data::Batch& batch) const {
    std::vector<data::ColumnPtr> picked;
    for (size_t at = 0; at < columns.size(); ++at) {
      picked.push_back(columns[at] ? batch.column(*columns[at])
                                   : data::Column::nulls(schema->field(at).type, batch.rows()));
    }
    return data::Batch(schema, std::move(picked), batch.rows());
  }

  std::string folder(const data::Batch& batch, uint32_t row) const {
    std::string path;
    for (const Level& level : folders) {
      if (!path.empty()) path += '/';
      const data::ColumnPtr column = level.column ? batch.column(*level.column)
                                                  : data::Column::nulls(level.type, batch.rows());
      path += partition_folder(level.name, *column, row);
    }
    return path;
  }
};

class FileTarget final : public Target {
 public:
  FileTarget(const SinkRequest& request, FileLayout layout, Outside& outside)
      : path_(request.options.text("path")),
        hidden_(io::join_path(path_, kHiddenFolder)),
        work_(io::join_path(hidden_, request.outbox_id)),
        outbox_id_(request.outbox_id),
        layout_(std::move(layout)),
        format_(*request.format),
        options_(request.options),
        part_bytes_max_(static_cast<uint64_t>(options_.bytes("sink.rolling-policy.file-size"))),
        rollover_ns_(rollover_ns(options_)),
        files_(outside.files),
        clock_(outside.clock) {}

  Result<std::vector<int64_t>> open() override {
    if (const auto stat = files_.stat(path_); stat && !stat->is_folder) {
      return Error(ErrorCode::kAlreadyExists, fmt::format("'{}' is a file", path_))
          .remedy("A table that is written is a folder: name one that is not there yet.");
    }
    MILLRACE_TRY(files_.make_folders(work_));
    lock_ = MILLRACE_TRY(files_.lock(io::join_path(work_, kLockName)));
    const std::string manifest = io::join_path(work_, kManifestName);
    if (MILLRACE_TRY(exists(manifest))) {
      const Buffer bytes = MILLRACE_TRY(io::read_file(files_, manifest));
      auto read = Manifest::decode({reinterpret_cast<const char*>(bytes.data()), bytes.bytes()});
      if (!read) {
        return Error(read.error())
            .at(manifest)
            .remedy("What has been written so far is unknown: use another folder.");
      }
      manifest_ = std::move(*read);
    }
    MILLRACE_TRY(move_parts());
    MILLRACE_TRY(remove_unknown());
    return manifest_.offsets;
  }

  Result<void> write(const data::Batch& batch) override {
    const data::Batch rows = layout_.file_rows(batch);
    if (layout_.folders.empty()) return write_to("", rows);
    std::map<std::string, std::vector<uint16_t>> by_folder;
    for (uint32_t row = 0; row < batch.rows(); ++row) {
      by_folder[layout_.folder(batch, row)].push_back(static_cast<uint16_t>(row));
    }
    for (const auto& [folder, selected] : by_folder) {
      Buffer selection = Buffer::allocate(selected.size() * sizeof(uint16_t));
      std::ranges::copy(selected, selection.mutable_as<uint16_t>());
      MILLRACE_TRY(
          write_to(folder, data::Batch(rows).with_selection(
                               std::move(selection), static_cast<uint32_t>(selected.size()))));
    }
    return {};
  }

  bool due(io::MonotonicTime now) const override {
    return full_ || open_.size() > kOpenPartsMax || (!open_.empty() && now >= roll_at_);
  }
  std::optional<io::MonotonicTime> next_check() const override {
    if (open_.empty()) return std::nullopt;
    return roll_at_;
  }

  Result<void> publish(const std::vector<int64_t>& offsets) override {
    manifest_.offsets = offsets;
    for (auto& [folder, open] : open_) {
      MILLRACE_TRY(open.file->close());
      const std::string name =
          fmt::format("part-{}-{}.{}", outbox_id_, open.number, format_.traits().name);
      manifest_.parts.push_back({open.number, io::join_path(folder, name)});
    }
    MILLRACE_TRY(files_.sync_folder(work_));
    const std::string text = manifest_.encode();
    MILLRACE_TRY(io::replace_file(files_, io::join_path(work_, kManifestName),
                                  std::as_bytes(std::span(text))));
    open_.clear();
    full_ = false;
    return move_parts();
  }

  Result<void> forget() override {
    lock_.reset();
    MILLRACE_TRY(io::remove_tree(files_, work_));
    // Others may write here, too.
    if (MILLRACE_TRY(files_.list(hidden_)).empty()) MILLRACE_TRY(files_.remove(hidden_));
    return {};
  }

 private:
  struct OpenPart {
    uint64_t number;
    std::unique_ptr<PartFile> file;
  };

  // Time is looked at every check-interval.
  static int64_t rollover_ns(const traits::Options& options) {
    const int64_t rollover = options.duration_us("sink.rolling-policy.rollover-interval");
    const int64_t check =
        std::max<int64_t>(1, options.duration_us("sink.rolling-policy.check-interval"));
    return std::max<int64_t>(1, (rollover + check - 1) / check) * check * io::kNsPerUs;
  }

  Result<void> write_to(const std::string& folder, const data::Batch& rows) {
    if (open_.empty()) roll_at_ = clock_.now() + rollover_ns_;
    auto found = open_.find(folder);
    if (found == open_.end()) {
      const uint64_t number = manifest_.next_part++;
      auto file = MILLRACE_TRY(
          files_.open(io::join_path(work_, std::to_string(number)), io::OpenMode::kCreateNew));
      auto encoder = MILLRACE_TRY(format_.file_encoder(layout_.schema, options_));
      found = open_
                  .emplace(folder, OpenPart{number, std::make_unique<PartFile>(std::move(file),
                                                                               std::move(encoder))})
                  .first;
    }
    MILLRACE_TRY(found->second.file->write(rows));
    full_ = full_ || found->second.file->bytes() >= part_bytes_max_;
    return {};
  }

  Result<bool> exists(const std::string& path) {
    const auto stat = files_.stat(path);
    if (!stat && stat.error().code() != ErrorCode::kFileNotFound) return Error(stat.error());
    return stat.has_value();
  }

  // To their names, those that are not there yet.
  Result<void> move_parts() {
    std::set<std::string> folders;
    for (const Manifest::Part& part : manifest_.parts) {
      const std::string from = io::join_path(work_, std::to_string(part.number));
      const std::string to = io::join_path(path_, part.path);
      if (!MILLRACE_TRY(exists(from))) continue;
      const std::string folder(io::parent_path(to));
      if (folders.insert(folder).second) MILLRACE_TRY(files_.make_folders(folder));
      MILLRACE_TRY(files_.rename(from, to));
    }
    for (const std::string& folder : folders) MILLRACE_TRY(files_.sync_folder(folder));
    if (!folders.empty()) MILLRACE_TRY(files_.sync_folder(work_));
    manifest_.parts.clear();
    return {};
  }

  Result<void> remove_unknown() {
    for (const std::string& name : MILLRACE_TRY(files_.list(work_))) {
      if (name == kManifestName || name == kLockName) continue;
      MILLRACE_TRY(files_.remove(io::join_path(work_, name)));
    }
    return {};
  }

  const std::string path_;
  const std::string hidden_;
  const std::string work_;
  const std::string outbox_id_;
  const FileLayout layout_;
  const formats::Format& format_;
  const traits::Options options_;
  const uint64_t part_bytes_max_;
  const int64_t rollover_ns_;
  io::FileSystem& files_;
  io::Clock& clock_;
  std::unique_ptr<io::FileLock> lock_;
  Manifest manifest_;                     // the last, without the parts that have been moved
  std::map<std::string, OpenPart> open_;  // by folder
  bool full_ = false;
  io::MonotonicTime roll_at_;
};

}  // namespace

Result<std::unique_ptr<Target>> make_file_target(const SinkRequest& request, Outside& outside) {
  FileLayout layout = FileLayout::of(request);
  if (layout.schema->columns() == 0) {
    return Error(ErrorCode::kInvalidDefinition, "every column is one that files are partitioned by")
        .at(request.table)
        .remedy("Leave a column for the files.");
  }
  // What cannot be written is told now, not by the first row.
  MILLRACE_TRY(request.format->file_encoder(layout.schema, request.options));
  return std::make_unique<FileTarget>(request, std::move(layout), outside);
}

}  // namespace millrace::connectors
