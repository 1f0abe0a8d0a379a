#include "log/settle/segment_store.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/crc32c.h"
#include "base/endian.h"
#include "log/ring/entry.h"
#include "log/settle/segment_format.h"

namespace millrace::log {
namespace {

constexpr size_t kOpenFilesMax = 256;

void encode_extent(const SegmentExtent& extent, std::byte* to) {
  store_le<uint64_t>(to, extent.owner);
  store_le<uint64_t>(to + 8, extent.part);
  store_le<int64_t>(to + 16, extent.first);
  store_le<int64_t>(to + 24, extent.max_timestamp_ms);
  store_le<uint64_t>(to + 32, extent.position);
  store_le<uint32_t>(to + 40, extent.bytes);
  store_le<uint32_t>(to + 44, extent.records);
  store_le<uint32_t>(to + 48, static_cast<uint32_t>(extent.kind));
  store_le<uint32_t>(to + 52, 0);
}

SegmentExtent decode_extent(const std::byte* from) {
  return {.kind = static_cast<FrameKind>(load_le<uint32_t>(from + 48)),
          .owner = load_le<uint64_t>(from),
          .part = load_le<uint64_t>(from + 8),
          .first = load_le<int64_t>(from + 16),
          .max_timestamp_ms = load_le<int64_t>(from + 24),
          .position = load_le<uint64_t>(from + 32),
          .bytes = load_le<uint32_t>(from + 40),
          .records = load_le<uint32_t>(from + 44)};
}

}  // namespace

Result<std::unique_ptr<SegmentStore>> SegmentStore::open(io::FileSystem& files, std::string folder,
                                                         bool sync) {
  MILLRACE_TRY(files.make_folders(folder));
  std::unique_ptr<SegmentStore> store(new SegmentStore(files, std::move(folder), sync));
  for (const std::string& name : MILLRACE_TRY(files.list(store->folder_))) {
    uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, number, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) continue;
    store->segments_[number];
    store->raise_next_number(number + 1);
  }
  return store;
}

std::string SegmentStore::path(uint64_t number) const {
  return io::join_path(folder_, fmt::format("{:016x}", number));
}

void SegmentStore::raise_next_number(uint64_t least) {
  next_number_.store(std::max(least, next_number()), std::memory_order_relaxed);
}

Result<std::unique_ptr<SegmentWriter>> SegmentStore::create() {
  const uint64_t number = next_number_.fetch_add(1, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    being_written_.insert(number);
    segments_[number];
  }
  // Read late if at all: what is new is read from the ring.
  auto file = files_.open(path(number), sync_ ? io::OpenMode::kCreateBulk : io::OpenMode::kCreate);
  if (!file) {
    forget_writer(number);
    return std::move(file.error());
  }
  return std::make_unique<SegmentWriter>(*this, number, std::move(*file));
}

void SegmentStore::forget_writer(uint64_t number) {
  const std::lock_guard lock(mutex_);
  being_written_.erase(number);
}

SegmentPtr SegmentStore::add(const SegmentName& name, std::vector<SegmentExtent> extents) {
  auto segment = std::make_shared<const Segment>(*this, name, std::move(extents));
  const std::lock_guard lock(mutex_);
  segments_[name.number] = segment;
  return segment;
}

Result<SegmentPtr> SegmentStore::load(const SegmentName& name) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = segments_.find(name.number);
    if (found != segments_.end()) {
      if (SegmentPtr segment = found->second.lock()) return segment;
    }
  }
  auto extents = read_footer(name);
  if (!extents) return std::move(extents.error()).at(path(name.number));
  return add(name, std::move(*extents));
}

Result<std::vector<SegmentExtent>> SegmentStore::read_footer(const SegmentName& name) {
  const auto damaged = [](std::string what) {
    return Error(ErrorCode::kRingDamaged, "a segment file " + std::move(what))
        .remedy("Restore a backup; `millrace log repair` shows what can be given up instead.");
  };
  auto file = handle(name.number);
  if (!file && file.error().code() == ErrorCode::kFileNotFound) return damaged("is missing");
  if (!file) return std::move(file.error());
  const uint64_t bytes = MILLRACE_TRY((*file)->size());
  if (bytes != name.bytes || bytes < kSegmentHeaderBytes + kTrailerBytes) {
    return damaged(fmt::format("has {} bytes instead of {}", bytes, name.bytes));
  }
  std::byte trailer[kTrailerBytes];
  MILLRACE_TRY((*file)->read_at(bytes - kTrailerBytes, trailer));
  const auto footer_at = load_le<uint64_t>(trailer);
  const uint64_t count = load_le<uint32_t>(trailer + 8);
  const auto footer_crc = load_le<uint32_t>(trailer + 12);
  if (load_le<uint32_t>(trailer + 20) != kTrailerMagic ||
      load_le<uint32_t>(trailer + 16) != crc32c({trailer, 16}) || footer_crc != name.footer_crc ||
      footer_at + count * kExtentBytes + kTrailerBytes != bytes) {
    return damaged("has a trailer that does not match its checksum");
  }
  const Buffer footer = Buffer::allocate(count * kExtentBytes);
  const std::span<std::byte> to(const_cast<std::byte*>(footer.data()), footer.bytes());
  MILLRACE_TRY((*file)->read_at(footer_at, to));
  if (crc32c(to) != footer_crc) return damaged("has a footer that does not match its checksum");
  std::vector<SegmentExtent> extents;
  extents.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    extents.push_back(decode_extent(footer.data() + i * kExtentBytes));
  }
  return extents;
}

std::vector<uint64_t> SegmentStore::numbers() const {
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t> numbers;
  for (const auto& [number, segment] : segments_) numbers.push_back(number);
  return numbers;
}

std::vector<uint64_t> SegmentStore::unnamed() const {
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t> numbers;
  for (const auto& [number, segment] : segments_) {
    if (segment.expired() && !being_written_.contains(number)) numbers.push_back(number);
  }
  return numbers;
}

Result<void> SegmentStore::remove(const std::vector<uint64_t>& numbers) {
  for (const uint64_t number : numbers) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = segments_.find(number);
      if (found == segments_.end() || !found->second.expired()) continue;
      segments_.erase(found);
      if (const auto open = open_index_.find(number); open != open_index_.end()) {
        open_files_.erase(open->second);
        open_index_.erase(open);
      }
    }
    const auto removed = files_.remove(path(number));
    if (!removed && removed.error().code() != ErrorCode::kFileNotFound) return removed;
  }
  return {};
}

Result<std::shared_ptr<io::File>> SegmentStore::handle(uint64_t number) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_index_.find(number); found != open_index_.end()) {
      open_files_.splice(open_files_.begin(), open_files_, found->second);
      return open_files_.front().file;
    }
  }
  std::shared_ptr<io::File> file = MILLRACE_TRY(files_.open(path(number), io::OpenMode::kReadBulk));
  const std::lock_guard lock(mutex_);
  if (open_index_.contains(number)) return file;
  open_files_.push_front({number, file});
  open_index_[number] = open_files_.begin();
  if (open_files_.size() > kOpenFilesMax) {
    open_index_.erase(open_files_.back().number);
    open_files_.pop_back();
  }
  return file;
}

SegmentWriter::SegmentWriter(SegmentStore& store, uint64_t number, std::unique_ptr<io::File> file)
    : store_(store), number_(number), file_(std::move(file)), extent_bytes_(kExtentBytesTarget) {
  Buffer header = Buffer::allocate(kSegmentHeaderBytes);
  std::byte* to = header.mutable_data();
  store_le<uint32_t>(to, kSegmentMagic);
  store_le<uint64_t>(to + 8, number);
  store_le<uint32_t>(to + 4, crc32c({to + 8, sizeof(uint64_t)}));
  pending_bytes_ = header.bytes();
  pending_.push_back(std::move(header));
}

SegmentWriter::~SegmentWriter() {
  store_.forget_writer(number_);
}

void SegmentWriter::grow_extents(const Frame& frame, uint32_t frame_bytes) {
  const uint32_t records = frame.kind == FrameKind::kDelta ? 1 : frame.records;
  const bool too_long =
      extent_first_ms_ >= 0 && frame.max_timestamp_ms - extent_first_ms_ >= extent_span_ms_;
  const bool joins = !extents_.empty() && extents_.back().kind == frame.kind &&
                     extents_.back().owner == frame.owner && extents_.back().part == frame.part &&
                     extents_.back().first + extents_.back().records == frame.first &&
                     extents_.back().bytes < extent_bytes_ && !too_long &&
                     extents_.back().records <= UINT32_MAX - records;
  if (!joins) {
    extents_.push_back({.kind = frame.kind,
                        .owner = frame.owner,
                        .part = frame.part,
                        .first = frame.first,
                        .position = bytes()});
    extent_first_ms_ = frame.max_timestamp_ms;
  }
  SegmentExtent& extent = extents_.back();
  extent.bytes += frame_bytes;
  extent.records += records;
  extent.max_timestamp_ms = std::max(extent.max_timestamp_ms, frame.max_timestamp_ms);
}

void SegmentWriter::limit_extents(uint64_t bytes, int64_t span_ms) {
  extent_bytes_ = std::min<uint64_t>(bytes, kExtentBytesTarget);
  extent_span_ms_ = span_ms;
}

Result<void> SegmentWriter::add(const Frame& frame) {
  constexpr uint64_t kFlushBytes = 1 << 20;
  const uint64_t frame_bytes = round_up(kFrameHeaderBytes + frame.body.bytes(), kEntryAlignment);
  grow_extents(frame, static_cast<uint32_t>(frame_bytes));
  Buffer header = Buffer::allocate(kFrameHeaderBytes);
  std::byte* to = header.mutable_data();
  store_le<uint32_t>(to, kFrameMagic);
  store_le<uint32_t>(to + 8, crc32c(frame.body.span()));
  store_le<uint32_t>(to + 12, static_cast<uint32_t>(frame.body.bytes()));
  store_le<uint64_t>(to + 16, frame.owner);
  store_le<uint64_t>(to + 24, frame.part);
  store_le<int64_t>(to + 32, frame.first);
  store_le<int64_t>(to + 40, frame.max_timestamp_ms);
  store_le<uint32_t>(to + 48, frame.kind == FrameKind::kDelta ? 1 : frame.records);
  store_le<uint32_t>(to + 52, static_cast<uint32_t>(frame.kind));
  store_le<uint32_t>(to + 4, crc32c({to + 8, kFrameHeaderBytes - 8}));
  const size_t padding = frame_bytes - kFrameHeaderBytes - frame.body.bytes();
  pending_.push_back(std::move(header));
  pending_.push_back(frame.body);
  if (padding != 0) pending_.push_back(Buffer::zeroed(padding));
  pending_bytes_ += frame_bytes;
  return pending_bytes_ >= kFlushBytes ? flush() : Result<void>();
}

Result<void> SegmentWriter::flush() {
  std::vector<std::span<const std::byte>> pieces;
  pieces.reserve(pending_.size());
  for (const Buffer& buffer : pending_) pieces.push_back(buffer.span());
  MILLRACE_TRY(file_->write_at(written_, pieces));
  written_ += pending_bytes_;
  pending_bytes_ = 0;
  pending_.clear();
  return {};
}

Result<SegmentPtr> SegmentWriter::finish() {
  const uint64_t footer_at = bytes();
  Buffer footer = Buffer::allocate(extents_.size() * kExtentBytes + kTrailerBytes);
  std::byte* to = footer.mutable_data();
  for (const SegmentExtent& extent : extents_) {
    encode_extent(extent, to);
    to += kExtentBytes;
  }
  const uint32_t crc = crc32c(footer.span().first(extents_.size() * kExtentBytes));
  store_le<uint64_t>(to, footer_at);
  store_le<uint32_t>(to + 8, static_cast<uint32_t>(extents_.size()));
  store_le<uint32_t>(to + 12, crc);
  store_le<uint32_t>(to + 16, crc32c({to, 16}));
  store_le<uint32_t>(to + 20, kTrailerMagic);
  pending_bytes_ += footer.bytes();
  pending_.push_back(std::move(footer));
  MILLRACE_TRY(flush());
  if (store_.sync_) {
    MILLRACE_TRY(file_->sync());
    MILLRACE_TRY(store_.files_.sync_folder(store_.folder_));
  }
  store_.bytes_written_.fetch_add(written_, std::memory_order_relaxed);
  return store_.add({number_, written_, crc}, std::move(extents_));
}

}  // namespace millrace::log
