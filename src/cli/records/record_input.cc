#include "cli/records/record_input.h"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace millrace::cli {
namespace {

constexpr size_t kBlockBytes = 64 << 10;

}  // namespace

RecordInput::RecordInput(io::FileSystem& files, std::vector<std::string> names,
                         std::string delimiter)
    : files_(files), names_(std::move(names)), delimiter_(std::move(delimiter)) {
  if (names_.empty()) names_.emplace_back("-");
}

Result<void> RecordInput::open_next() {
  const std::string& name = names_[file_];
  content_.reset();
  if (name != "-") content_ = MILLRACE_TRY(files_.open(name, io::OpenMode::kRead));
  position_ = 0;
  firsts_.push_back(count_);
  open_ = true;
  ended_ = false;
  return {};
}

std::string RecordInput::place_of(uint64_t index) const {
  const auto behind = std::ranges::upper_bound(firsts_, index);
  const auto file = static_cast<size_t>(behind - firsts_.begin()) - 1;
  const std::string& name = names_[file];
  return fmt::format("{}:{}", name == "-" ? "stdin" : name, index - firsts_[file] + 1);
}

Result<RecordInput::Step> RecordInput::fill_from_stdin(int wait_ms) {
  pollfd wanted = {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  const int ready = poll(&wanted, 1, wait_ms);
  if (ready == 0 || (ready < 0 && errno == EINTR)) return Step::kWait;
  const size_t before = buffer_.size();
  buffer_.resize(before + kBlockBytes);
  const ssize_t bytes = read(STDIN_FILENO, buffer_.data() + before, kBlockBytes);
  buffer_.resize(before + static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
  if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) return Step::kWait;
  if (bytes < 0) {
    return Error(ErrorCode::kIoFailed, fmt::format("cannot read: {}", std::strerror(errno)))
        .at("stdin");
  }
  return bytes == 0 ? Step::kEnd : Step::kRecord;
}

Result<RecordInput::Step> RecordInput::fill(int wait_ms) {
  // What was returned goes when it is more than what is left.
  if (begin_ > buffer_.size() / 2) {
    buffer_.erase(0, begin_);
    searched_ -= begin_;
    begin_ = 0;
  }
  if (content_ == nullptr) return fill_from_stdin(wait_ms);
  const size_t before = buffer_.size();
  buffer_.resize(before + kBlockBytes);
  auto bytes = content_->read_at(
      position_, std::as_writable_bytes(std::span(buffer_.data() + before, kBlockBytes)));
  buffer_.resize(before + bytes.value_or(0));
  if (!bytes) return std::move(bytes).error().at(names_[file_]);
  position_ += *bytes;
  return *bytes == 0 ? Step::kEnd : Step::kRecord;
}

Result<RecordInput::Step> RecordInput::next(std::string& record, int wait_ms) {
  for (; file_ < names_.size(); ++file_, open_ = false) {
    if (!open_) MILLRACE_TRY(open_next());
    for (;;) {
      const size_t found = delimiter_.empty() ? buffer_.npos : buffer_.find(delimiter_, searched_);
      const bool rest = found == buffer_.npos && ended_ && begin_ < buffer_.size();
      if (found != buffer_.npos || rest) {
        const size_t end = rest ? buffer_.size() : found;
        record.assign(buffer_, begin_, end - begin_);
        begin_ = searched_ = rest ? end : end + delimiter_.size();
        ++count_;
        return Step::kRecord;
      }
      if (ended_) break;
      // A delimiter may have come in part.
      searched_ = std::max(begin_, buffer_.size() - std::min(buffer_.size(), delimiter_.size()));
      const Step step = MILLRACE_TRY(fill(wait_ms));
      if (step == Step::kWait) return step;
      if (step == Step::kEnd) ended_ = true;
    }
    buffer_.clear();
    begin_ = searched_ = 0;
  }
  return Step::kEnd;
}

}  // namespace millrace::cli
