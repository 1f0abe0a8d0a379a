#include "log/backup/manifest.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>

#include "base/crc32c.h"
#include "log/ring/entry.h"

namespace millrace::log {
namespace {

constexpr std::string_view kFirstWord = "millrace-backup";
constexpr std::string_view kFirstLine = "millrace-backup 1";
constexpr size_t kCrcLineBytes = 13;  // "crc 89abcdef\n"

uint32_t crc_of(std::string_view text) {
  return crc32c(std::as_bytes(std::span(text)));
}

Error damaged(std::string what) {
  return Error(ErrorCode::kMalformedFile, "the manifest of the backup " + std::move(what))
      .remedy("Take another backup.");
}

// Words of a line, and numbers among them; `good` turns false where something else stands.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  std::string_view word() {
    const size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (found.empty()) good_ = false;
    return found;
  }
  template <class Number>
  Number number(int base = 10) {
    const std::string_view text = word();
    Number value{};
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, value, base);
    if (parsed.ec != std::errc() || parsed.ptr != end) good_ = false;
    return value;
  }
  bool more() const { return good_ && !rest_.empty(); }
  bool finished() const { return good_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

bool is_made_of(std::string_view name, std::string_view digits) {
  return !name.empty() && name.find_first_not_of(digits) == std::string_view::npos;
}

// Nothing that a manifest says leads out of its folder.
bool is_backup_path(std::string_view path) {
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  const size_t slash = path.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view folder = path.substr(0, slash);
  const std::string_view name = path.substr(slash + 1);
  if (folder == kRingName) return is_made_of(name, kHexDigits.substr(0, 10));
  return (folder == kSegmentsName || folder == kCheckpointName) && is_made_of(name, kHexDigits);
}

bool take_file(Line& line, BackupManifest& manifest) {
  BackupFile file;
  file.crc = line.number<uint32_t>(16);
  file.bytes = line.number<uint64_t>();
  file.modified_us = line.number<int64_t>();
  file.path = line.word();
  manifest.files.push_back(std::move(file));
  return line.finished() && is_backup_path(manifest.files.back().path);
}

bool take_line(std::string_view text, BackupManifest& manifest) {
  Line line(text);
  const std::string_view name = line.word();
  if (name == "file") return take_file(line, manifest);
  if (name == "run") {
    const auto address = line.number<uint64_t>();
    manifest.runs.push_back({address, line.number<uint64_t>()});
  } else if (name == "ring_files") {
    while (line.more()) manifest.ring_files.push_back(line.number<uint64_t>());
  } else if (name == "program") {
    manifest.program = line.word();
  } else if (name == "made") {
    manifest.made_us = line.number<int64_t>();
  } else if (name == "lsn") {
    manifest.lsn = commit::Lsn(line.number<uint64_t>());
  } else if (name == "generation") {
    manifest.generation = line.number<uint32_t>();
  } else if (name == "topics") {
    manifest.topics = line.number<uint64_t>();
  } else if (name == "partitions") {
    manifest.partitions = line.number<uint64_t>();
  } else if (name == "jobs") {
    manifest.jobs = line.number<uint64_t>();
  } else {
    return false;
  }
  return line.finished();
}

// Each run lies in one file of the ring, and together they fill the ring's file of the backup.
bool runs_fit(const BackupManifest& manifest) {
  const auto is_size = [](uint64_t bytes) { return bytes > 0 && bytes % kBlockBytes == 0; };
  if (manifest.ring_files.empty() || !std::ranges::all_of(manifest.ring_files, is_size)) {
    return false;
  }
  uint64_t bytes = 0;
  for (const RingRun& run : manifest.runs) {
    uint64_t start = 0;
    const bool fits = std::ranges::any_of(manifest.ring_files, [&](uint64_t size) {
      const uint64_t own = start;
      start += size;
      return run.address >= own && run.bytes <= size && run.address - own <= size - run.bytes;
    });
    if (!fits) return false;
    bytes += run.bytes;
  }
  const BackupFile& image = manifest.files.back();
  return image.path.starts_with(kRingName) && image.bytes == bytes;
}

}  // namespace

uint64_t BackupManifest::bytes() const {
  uint64_t sum = 0;
  for (const BackupFile& file : files) sum += file.bytes;
  return sum;
}

const BackupFile* BackupManifest::find(std::string_view path) const {
  const auto found = std::ranges::find(files, path, &BackupFile::path);
  return found == files.end() ? nullptr : &*found;
}

std::string to_text(const BackupManifest& manifest) {
  std::string text =
      fmt::format("{}\nprogram {}\nmade {}\nlsn {}\ngeneration {}\nring_files", kFirstLine,
                  manifest.program, manifest.made_us, manifest.lsn.value(), manifest.generation);
  for (const uint64_t bytes : manifest.ring_files) text += fmt::format(" {}", bytes);
  text += '\n';
  for (const RingRun& run : manifest.runs) {
    text += fmt::format("run {} {}\n", run.address, run.bytes);
  }
  text += fmt::format("topics {}\npartitions {}\njobs {}\n", manifest.topics, manifest.partitions,
                      manifest.jobs);
  for (const BackupFile& file : manifest.files) {
    text +=
        fmt::format("file {:08x} {} {} {}\n", file.crc, file.bytes, file.modified_us, file.path);
  }
  return text + fmt::format("crc {:08x}\n", crc_of(text));
}

Result<BackupManifest> parse_manifest(std::string_view text) {
  const std::string_view first = text.substr(0, text.find('\n'));
  if (first != kFirstLine) {
    if (!first.starts_with(kFirstWord)) return damaged("does not begin as one");
    return Error(ErrorCode::kVersionMismatch,
                 fmt::format("expected '{}', found '{}'", kFirstLine, first))
        .remedy("Use the version of Millrace that made this backup.");
  }
  if (text.size() < kCrcLineBytes) return damaged("was cut");
  const std::string_view body = text.substr(0, text.size() - kCrcLineBytes);
  if (text.substr(body.size()) != fmt::format("crc {:08x}\n", crc_of(body))) {
    return damaged("does not match its checksum");
  }
  BackupManifest manifest;
  for (size_t at = first.size() + 1; at < body.size();) {
    const size_t end = std::min(body.find('\n', at), body.size());
    if (!take_line(body.substr(at, end - at), manifest)) {
      return damaged(
          fmt::format("has a line that cannot be read: '{}'", body.substr(at, end - at)));
    }
    at = end + 1;
  }
  if (manifest.files.empty() || !runs_fit(manifest)) return damaged("contradicts itself");
  return manifest;
}

Result<BackupManifest> read_manifest(io::FileSystem& files, const std::string& folder) {
  const std::string path = io::join_path(folder, kManifestName);
  const auto text = io::read_file(files, path);
  if (!text && text.error().code() == ErrorCode::kFileNotFound) {
    return Error(ErrorCode::kFileNotFound, "the folder holds no finished backup")
        .at(folder)
        .remedy("Name the folder that `millrace backup --to` was given, once that has succeeded.");
  }
  if (!text) return text.error();
  auto manifest = parse_manifest(text->view());
  if (!manifest) return std::move(manifest.error()).at(path);
  return manifest;
}

}  // namespace millrace::log
