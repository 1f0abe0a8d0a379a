#include "log/settle/record_files.h"

#include <algorithm>

namespace millrace::log {
namespace {

constexpr uint64_t kOwnFileBytesMax = 256 << 20;

}  // namespace

uint64_t RecordFiles::own_file_end(const SegmentLimits& limits, uint64_t own_file_bytes) {
  return std::clamp(limits.bytes, own_file_bytes, std::max(own_file_bytes, kOwnFileBytesMax));
}

Result<void> RecordFiles::begin(uint64_t bytes, const SegmentLimits& limits) {
  MILLRACE_TRY(close_own());
  limits_ = limits;
  is_own_ = bytes >= own_file_bytes_;
  if (shared_ != nullptr) shared_->limit_extents(limits.bytes, limits.ms);
  return {};
}

Result<void> RecordFiles::add(const Frame& frame) {
  if (is_own_ && own_ != nullptr && own_->bytes() >= own_file_end(limits_, own_file_bytes_)) {
    MILLRACE_TRY(close_own());
  }
  std::unique_ptr<SegmentWriter>& file = is_own_ ? own_ : shared_;
  if (file == nullptr) {
    file = MILLRACE_TRY(segments_.create());
    file->limit_extents(limits_.bytes, limits_.ms);
  }
  return file->add(frame);
}

Result<void> RecordFiles::close_own() {
  if (own_ == nullptr) return {};
  finished_.push_back(MILLRACE_TRY(own_->finish()));
  own_.reset();
  return {};
}

Result<std::vector<SegmentPtr>> RecordFiles::finish() {
  MILLRACE_TRY(close_own());
  if (shared_ != nullptr) finished_.push_back(MILLRACE_TRY(shared_->finish()));
  shared_.reset();
  return std::move(finished_);
}

}  // namespace millrace::log
