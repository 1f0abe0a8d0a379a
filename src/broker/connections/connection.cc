#include "broker/connections/connection.h"

#include <utility>

namespace millrace::broker {

Connection::Connection(io::StreamPtr stream, Parts parts)
    : parts_(std::move(parts)),
      stream_(std::move(stream)),
      peer_(stream_->peer().host),
      frames_(parts_.limits.frame_bytes_max, parts_.account),
      last_received_(parts_.loop.now()) {}

void Connection::start() {
  watch_idleness();
  read();
}

void Connection::end(const std::optional<Error>& why) {
  if (std::exchange(ended_, true)) return;
  stream_->close();
  parts_.on_end(*this, why);
}

void Connection::watch_idleness() {
  parts_.loop.post_at(last_received_ + parts_.limits.idle_ns_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->ended_) return;
    const bool idle =
        self->queue_.in_flight() == 0 &&
        self->parts_.loop.now() - self->last_received_ >= self->parts_.limits.idle_ns_max;
    if (idle) return self->end(std::nullopt);
    if (self->queue_.in_flight() > 0) self->last_received_ = self->parts_.loop.now();
    self->watch_idleness();
  });
}

bool Connection::overloaded() const {
  return queue_.in_flight() >= parts_.limits.in_flight_max ||
         queue_.in_flight_bytes() >= parts_.limits.in_flight_bytes_max ||
         unsent_bytes_ >= parts_.limits.unsent_bytes_max;
}

void Connection::read() {
  if (ended_ || reading_ || overloaded()) return;
  reading_ = true;
  stream_->read(frames_.space(), [self = shared_from_this()](Result<size_t> got) {
    self->received(std::move(got));
  });
}

void Connection::received(Result<size_t> got) {
  reading_ = false;
  if (ended_) return;
  if (!got || *got == 0) return end(std::nullopt);
  last_received_ = parts_.loop.now();
  frames_.received(*got);
  if (dispatch_frames()) read();
}

bool Connection::dispatch_frames() {
  dispatching_ = true;
  std::optional<Error> wrong;
  while (!ended_ && !overloaded()) {
    auto frame = frames_.next();
    if (!frame) {
      wrong = std::move(frame).error();
      break;
    }
    if (!*frame) break;
    dispatch(**std::move(frame));
  }
  dispatching_ = false;
  if (wrong) {
    // The answers to what came before still go out.
    const uint64_t last = queue_.open(0);
    queue_.answer(last, *std::move(wrong));
  }
  send_ready();
  return !ended_ && !wrong;
}

void Connection::dispatch(Buffer frame) {
  const uint64_t request = queue_.open(frame.bytes());
  Call call{
      .header = {}, .endpoint = parts_.endpoint, .client_host = peer_, .executor = &parts_.loop};
  parts_.dispatcher.dispatch(
      std::move(call), std::move(frame),
      // Held by its loop alone: any other thread could turn out to be the last to hold it.
      [weak = weak_from_this(), request, &loop = parts_.loop](Answer answer) {
        if (loop.current()) return tell(weak, request, std::move(answer));
        loop.post([weak, request, answer = std::move(answer)]() mutable {
          tell(weak, request, std::move(answer));
        });
      });
}

void Connection::tell(const std::weak_ptr<Connection>& to, uint64_t request, Answer answer) {
  if (const auto self = to.lock()) self->answered(request, std::move(answer));
}

void Connection::answered(uint64_t request, Answer answer) {
  if (ended_) return;
  queue_.answer(request, std::move(answer));
  if (dispatching_) return;
  send_ready();
  // There may be whole frames that were too many before.
  if (!reading_ && !ended_ && dispatch_frames()) read();
}

void Connection::send_ready() {
  if (ended_) return;
  std::vector<Buffer> chain = queue_.take_ready();
  const auto last_words = queue_.ended();
  if (chain.empty()) {
    if (last_words) end(last_words);
    return;
  }
  size_t bytes = 0;
  for (const Buffer& part : chain) bytes += part.bytes();
  unsent_bytes_ += bytes;
  stream_->write(std::move(chain),
                 [self = shared_from_this(), bytes, last_words](Result<void> written) {
                   self->unsent_bytes_ -= bytes;
                   if (!written) return self->end(std::nullopt);
                   if (last_words) return self->end(last_words);
                   if (!self->reading_ && self->dispatch_frames()) self->read();
                 });
}

}  // namespace millrace::broker
