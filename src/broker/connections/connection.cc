#include "broker/connections/connection.h"

#include <algorithm>
#include <utility>

#include "base/endian.h"

namespace millrace::broker {
namespace {

// Requests up to this size need no room before all of them is there: it bounds what a connection
// holds beside the traffic.
constexpr size_t kSmallBytes = 64 << 10;
// Answers are given to the stream in pieces of this size, to see that the peer takes them.
constexpr size_t kPieceBytes = 1 << 20;
constexpr size_t kDrainBytes = 4 << 10;
constexpr int16_t kFetchKey = 1;

bool is_fetch(const Buffer& frame) {
  return frame.bytes() >= sizeof(int16_t) && load_be<int16_t>(frame.data()) == kFetchKey;
}

}  // namespace

Connection::Connection(io::StreamPtr stream, Parts parts)
    : parts_(std::move(parts)),
      stream_(std::move(stream)),
      peer_(stream_->peer().host),
      frames_(parts_.limits.frame_bytes_max, parts_.account),
      last_received_(parts_.loop.now()),
      last_sent_(last_received_),
      muted_until_(last_received_) {}

Connection::~Connection() {
  parts_.traffic->give_back(queue_.in_flight_bytes() + unsent_bytes_ + reserved_bytes_);
}

void Connection::start() {
  watch_idleness();
  read();
}

void Connection::end(const std::optional<Error>& why) {
  if (std::exchange(ended_, true)) return;
  stream_->close();
  parts_.on_end(*this, why ? why : last_words_);
}

void Connection::finish() {
  finishing_ = true;
  end_if_finished();
}

void Connection::end_if_finished() {
  if (!finishing_ || leaving_ || queue_.in_flight() > 0 || unsent_bytes_ > 0) return;
  // Whoever was told something long ago, or nothing yet, has it.
  const bool quiet = parts_.loop.now() - last_sent_ >= parts_.limits.farewell_ns_max;
  if (quiet || !answered_any_) return end(std::nullopt);
  leave(std::nullopt);
}

void Connection::leave(const std::optional<Error>& why) {
  if (std::exchange(leaving_, true)) return;
  last_words_ = why;
  stream_->shutdown();
  if (unsent_bytes_ == 0) end_when_gone();
  drain();
}

void Connection::end_when_gone() {
  if (peer_gone_) return end(std::nullopt);
  parts_.loop.post_at(parts_.loop.now() + parts_.limits.farewell_ns_max, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end(std::nullopt);
  });
}

void Connection::drain() {
  if (ended_ || reading_ || peer_gone_) return;
  if (drained_bytes_ >= parts_.limits.farewell_bytes_max) return gone();
  if (!drained_) drained_ = Buffer::allocate(kDrainBytes, parts_.account);
  reading_ = true;
  stream_->read(
      {drained_.mutable_data(), drained_.bytes()},
      [self = shared_from_this()](Result<size_t> got) { self->received(std::move(got)); });
}

void Connection::gone() {
  peer_gone_ = true;
  if (unsent_bytes_ == 0) end(std::nullopt);
}

void Connection::watch_idleness() {
  parts_.loop.post_at(last_received_ + parts_.limits.idle_ns_max, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->ended_ || self->leaving_) return;
    const bool busy = self->queue_.in_flight() > 0 || self->waiting_;
    const bool idle =
        !busy && self->parts_.loop.now() - self->last_received_ >= self->parts_.limits.idle_ns_max;
    if (idle) return self->end(std::nullopt);
    if (busy) self->last_received_ = self->parts_.loop.now();
    self->watch_idleness();
  });
}

bool Connection::stalled() const {
  const auto late = [&](io::MonotonicTime since) {
    return parts_.loop.now() - since >= parts_.limits.stall_ns_max;
  };
  return (unsent_bytes_ > 0 && late(last_sent_)) ||
         (reserved_bytes_ > 0 && reading_ && late(last_received_));
}

// One task at a time, so that a busy connection makes no more of them than a quiet one.
void Connection::watch_stall() {
  if (std::exchange(stall_watched_, true)) return;
  // Whoever stalls is seen after half a time more at most.
  const int64_t ns = std::max<int64_t>(parts_.limits.stall_ns_max / 2, 1);
  parts_.loop.post_at(parts_.loop.now() + ns, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->ended_) return;
    self->stall_watched_ = false;
    if (self->stalled()) {
      return self->end(Error(ErrorCode::kMalformedRequest,
                             "the client takes its answers, or sends its request, too slowly"));
    }
    if (self->unsent_bytes_ > 0 || self->reserved_bytes_ > 0) self->watch_stall();
  });
}

bool Connection::overloaded() const {
  return queue_.in_flight() >= parts_.limits.in_flight_max ||
         queue_.in_flight_bytes() >= parts_.limits.in_flight_bytes_max ||
         unsent_bytes_ >= parts_.limits.unsent_bytes_max;
}

void Connection::wait_for_room(size_t bytes) {
  waiting_ = true;
  parts_.traffic->wait(bytes, parts_.loop,
                       [weak = weak_from_this(), bytes, traffic = parts_.traffic] {
                         const auto self = weak.lock();
                         if (self == nullptr || self->ended_ || self->leaving_) {
                           return traffic->give_back(bytes);
                         }
                         self->waiting_ = false;
                         self->reserved_bytes_ = bytes;
                         self->last_received_ = self->parts_.loop.now();
                         self->watch_stall();
                         self->go_on();
                       });
}

bool Connection::admit_rest() {
  const size_t bytes = frames_.incomplete_bytes();
  if (bytes <= kSmallBytes || reserved_bytes_ > 0) return true;
  if (!parts_.traffic->try_take(bytes)) {
    wait_for_room(bytes);
    return false;
  }
  reserved_bytes_ = bytes;
  watch_stall();
  return true;
}

bool Connection::admit(const Buffer& frame) {
  if (std::exchange(reserved_bytes_, 0) > 0) return true;
  const bool alone = queue_.in_flight() == 0 && unsent_bytes_ == 0;
  if (alone && frame.bytes() <= kSmallBytes && !is_fetch(frame)) {
    parts_.traffic->take(frame.bytes());
    return true;
  }
  if (parts_.traffic->try_take(frame.bytes())) return true;
  held_back_ = frame;
  wait_for_room(frame.bytes());
  return false;
}

void Connection::read() {
  if (ended_ || leaving_ || reading_ || waiting_ || finishing_ || queue_.ending()) return;
  if (overloaded()) return;
  if (parts_.loop.now() < muted_until_ || !admit_rest()) return;
  reading_ = true;
  stream_->read(frames_.space(), [self = shared_from_this()](Result<size_t> got) {
    self->received(std::move(got));
  });
}

void Connection::received(Result<size_t> got) {
  reading_ = false;
  if (ended_) return;
  if (leaving_) return drained(got);
  if (!got || *got == 0) return end(std::nullopt);
  last_received_ = parts_.loop.now();
  frames_.received(*got);
  go_on();
}

void Connection::drained(const Result<size_t>& got) {
  if (!got) return end(std::nullopt);
  if (*got == 0) return gone();
  drained_bytes_ += *got;
  drain();
}

void Connection::go_on() {
  if (!reading_ && !ended_ && !leaving_ && dispatch_frames()) read();
}

bool Connection::dispatch_frames() {
  dispatching_ = true;
  std::optional<Error> wrong;
  while (!ended_ && !waiting_ && !finishing_ && !queue_.ending() && !overloaded() &&
         parts_.loop.now() >= muted_until_) {
    if (held_back_) {
      reserved_bytes_ = 0;
      dispatch(*std::exchange(held_back_, std::nullopt));
      continue;
    }
    auto frame = frames_.next();
    if (!frame) {
      wrong = std::move(frame).error();
      break;
    }
    if (!*frame || !admit(**frame)) break;
    dispatch(**std::move(frame));
  }
  dispatching_ = false;
  if (wrong) {
    // The answers to what came before still go out.
    const uint64_t last = queue_.open(0);
    queue_.answer(last, *std::move(wrong));
  }
  send_ready();
  return !ended_;
}

void Connection::dispatch(Buffer frame) {
  const uint64_t request = queue_.open(frame.bytes());
  Call call{.header = {},
            .endpoint = parts_.endpoint,
            .client_host = peer_,
            .executor = &parts_.loop,
            .toll = nullptr};
  const int64_t mute_ms = parts_.dispatcher.dispatch(
      std::move(call), std::move(frame),
      // Held by its loop alone: any other thread could turn out to be the last to hold it.
      [weak = weak_from_this(), request, &loop = parts_.loop](Answer answer) {
        if (loop.current()) return tell(weak, request, std::move(answer));
        loop.post([weak, request, answer = std::move(answer)]() mutable {
          tell(weak, request, std::move(answer));
        });
      });
  mute(mute_ms * io::kNsPerMs);
}

void Connection::tell(const std::weak_ptr<Connection>& to, uint64_t request, Answer answer) {
  if (const auto self = to.lock()) self->answered(request, std::move(answer));
}

void Connection::answered(uint64_t request, Answer answer) {
  if (ended_ || leaving_) return;
  queue_.answer(request, std::move(answer));
  if (dispatching_) return;
  send_ready();
  // There may be whole frames that were too many before.
  go_on();
}

void Connection::send_ready() {
  if (ended_ || leaving_) return;
  const size_t before = queue_.in_flight_bytes();
  std::vector<Buffer> chain = queue_.take_ready(parts_.loop.now());
  const size_t done = before - queue_.in_flight_bytes();
  mute(queue_.take_throttle_ns());
  if (!chain.empty()) send_pieces(std::move(chain));
  if (done > 0) parts_.traffic->give_back(done);
  if (queue_.ended()) return leave(queue_.ended());
  end_if_finished();
}

void Connection::send_pieces(std::vector<Buffer> chain) {
  size_t left = 0;
  for (const Buffer& part : chain) left += part.bytes();
  parts_.traffic->take(left);
  if (unsent_bytes_ == 0) last_sent_ = parts_.loop.now();
  unsent_bytes_ += left;
  answered_any_ = true;
  watch_stall();
  std::vector<Buffer> piece;
  size_t bytes = 0;
  const auto flush = [&] {
    stream_->write(
        std::exchange(piece, {}),
        [self = shared_from_this(), bytes](Result<void> written) { self->sent(bytes, written); });
    bytes = 0;
  };
  for (Buffer& part : chain) {
    for (size_t at = 0; at < part.bytes();) {
      const size_t taken = std::min(part.bytes() - at, kPieceBytes - bytes);
      piece.push_back(part.slice(at, taken));
      at += taken;
      bytes += taken;
      if (bytes == kPieceBytes) flush();
    }
  }
  if (bytes > 0) flush();
}

void Connection::sent(size_t bytes, const Result<void>& written) {
  unsent_bytes_ -= bytes;
  parts_.traffic->give_back(bytes);
  last_sent_ = parts_.loop.now();
  if (ended_) return;
  if (!written) return end(std::nullopt);
  if (leaving_) {
    if (unsent_bytes_ == 0) end_when_gone();
    return;
  }
  end_if_finished();
  go_on();
}

void Connection::mute(int64_t ns) {
  if (ns == 0) return;
  muted_until_ = std::max(muted_until_, parts_.loop.now() + ns);
  parts_.loop.post_at(muted_until_, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->go_on();
  });
}

}  // namespace millrace::broker
