#include "io/network/simulated_stream.h"

#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

Error lost(const Address& peer) {
  return Error(ErrorCode::kIoFailed, "the connection was lost").at(peer.to_string());
}

Error closed() {
  return {ErrorCode::kCancelled, "the connection was closed"};
}

}  // namespace

SimulatedStream::SimulatedStream(std::shared_ptr<SimulatedConnection> connection, Side side)
    : connection_(std::move(connection)), side_(side) {
  connection_->attach(side_, this);
}

SimulatedStream::~SimulatedStream() {
  *alive_ = false;
  connection_->attach(side_, nullptr);
  connection_->close(side_);
}

template <class T>
void SimulatedStream::answer(Completion<Result<T>> done, Result<T> result) {
  Loop* const loop = connection_->loop(side_);
  if (loop == nullptr) return;
  loop->post([alive = alive_, done = std::move(done), result = std::move(result)]() mutable {
    if (*alive) done(std::move(result));
  });
}

int64_t SimulatedStream::enter(NetworkCall call, size_t bytes) {
  const auto fault = connection_->network().enter(call, connection_->port(), connection_->id(),
                                                  (bytes << 1) | static_cast<uint64_t>(side_));
  if (!fault) return 0;
  switch (fault->effect) {
    case NetworkEffect::kCut:
      connection_->cut();
      return 0;
    case NetworkEffect::kSilence:
      connection_->silence();
      return 0;
    case NetworkEffect::kSlow:
      return fault->slow_ns;
  }
  return 0;
}

void SimulatedStream::read(std::span<std::byte> into, Completion<Result<size_t>> done) {
  Loop* const loop = connection_->loop(side_);
  if (loop == nullptr) return;
  MILLRACE_ASSERT(loop->current() && !read_done_ && !into.empty());
  if (closed_) return answer<size_t>(std::move(done), closed());
  read_into_ = into;
  read_done_ = std::move(done);
  const int64_t extra_ns = enter(NetworkCall::kRead, into.size());
  if (extra_ns == 0) return try_read();
  read_late_ = true;
  loop->post_at(loop->now() + extra_ns, [this, alive = alive_] {
    if (!*alive) return;
    read_late_ = false;
    try_read();
  });
}

void SimulatedStream::try_read() {
  if (!read_done_ || read_late_) return;
  if (connection_->broken(side_)) {
    return answer<size_t>(std::exchange(read_done_, nullptr), lost(peer()));
  }
  const size_t bytes = connection_->take(side_, read_into_);
  if (bytes > 0 || connection_->at_end(side_)) {
    answer<size_t>(std::exchange(read_done_, nullptr), bytes);
  }
}

void SimulatedStream::write(std::vector<Buffer> chain, Completion<Result<void>> done) {
  Loop* const loop = connection_->loop(side_);
  if (loop == nullptr) return;
  MILLRACE_ASSERT(loop->current());
  if (closed_ || shut_down_) return answer<void>(std::move(done), closed());
  size_t bytes = 0;
  for (const Buffer& part : chain) bytes += part.bytes();
  const int64_t extra_ns = enter(NetworkCall::kWrite, bytes);
  writes_.push_back({.chain = std::move(chain), .extra_ns = extra_ns, .done = std::move(done)});
  try_write();
}

bool SimulatedStream::send(Write& front) {
  for (; front.part < front.chain.size(); ++front.part, front.offset = 0) {
    const auto rest = front.chain[front.part].span().subspan(front.offset);
    const size_t sent = connection_->send(side_, rest, front.extra_ns);
    front.offset += sent;
    if (sent < rest.size()) return false;
  }
  return true;
}

void SimulatedStream::try_write() {
  while (!writes_.empty()) {
    const bool broken = connection_->broken(side_);
    if (!broken && !send(writes_.front())) return;
    answer<void>(std::move(writes_.front().done), broken ? lost(peer()) : Result<void>());
    writes_.pop_front();
  }
  if (shut_down_ && !std::exchange(end_sent_, true)) connection_->send_end(side_);
}

void SimulatedStream::shutdown() {
  if (closed_ || connection_->loop(side_) == nullptr) return;
  shut_down_ = true;
  try_write();
}

void SimulatedStream::close() {
  if (std::exchange(closed_, true)) return;
  for (Write& write : writes_) answer<void>(std::move(write.done), closed());
  writes_.clear();
  if (read_done_) answer<size_t>(std::exchange(read_done_, nullptr), closed());
  connection_->close(side_);
}

void SimulatedStream::ready() {
  try_read();
  try_write();
}

void SimulatedStream::abandon() {
  // Moved out first: what they own may be this stream.
  const auto dropped_read = std::exchange(read_done_, nullptr);
  const auto dropped_writes = std::exchange(writes_, {});
}

}  // namespace millrace::io
