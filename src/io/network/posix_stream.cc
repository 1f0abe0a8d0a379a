#include "io/network/posix_stream.h"

#include <netinet/tcp.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

// After so much the loop's other streams have their turn.
constexpr size_t kTurnBytes = 8 << 20;

Error closed() {
  return {ErrorCode::kCancelled, "the connection was closed"};
}

void set(const Socket& socket, int level, int option, int value) {
  setsockopt(socket.descriptor(), level, option, &value, sizeof value);
}

bool must_wait(int number) {
  return number == EAGAIN || number == EWOULDBLOCK;
}

}  // namespace

PosixStream::PosixStream(PosixLoop& loop, Socket socket)
    : loop_(&loop),
      socket_(std::move(socket)),
      local_(local_address(socket_)),
      peer_(peer_address(socket_)) {
  set(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer that has gone without a word is noticed after two minutes; while something is sent, when
  // the system gives up sending it anew: a quarter of an hour. (TCP_USER_TIMEOUT would be sooner,
  // but ends slow readers, too.)
  set(socket_, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket_, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(socket_, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(socket_, IPPROTO_TCP, TCP_KEEPCNT, 4);
  loop_->watch(socket_, *this);
}

PosixStream::~PosixStream() {
  if (loop_ != nullptr) loop_->forget(socket_, *this);
}

void PosixStream::answer_read(Result<size_t> result) {
  read_result_ = std::move(result);
  loop_->defer(*this);
}

void PosixStream::answer_write(Completion<Result<void>> done, Result<void> result) {
  written_.push_back({.done = std::move(done), .result = std::move(result)});
  loop_->defer(*this);
}

void PosixStream::read(std::span<std::byte> into, Completion<Result<size_t>> done) {
  if (loop_ == nullptr) return;
  MILLRACE_ASSERT(!read_done_ && !into.empty());
  read_into_ = into;
  read_done_ = std::move(done);
  if (read_failed_) return answer_read(*read_failed_);
  if (readable_) try_read();
}

void PosixStream::try_read() {
  ssize_t got = 0;
  do {
    got = recv(socket_.descriptor(), read_into_.data(), read_into_.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && must_wait(errno)) {
    readable_ = ended_;
  } else if (got < 0) {
    read_failed_ = network_error(errno, "read", peer_.to_string());
    answer_read(*read_failed_);
  } else {
    // What comes after a short read makes the socket ready anew.
    if (static_cast<size_t>(got) < read_into_.size()) readable_ = ended_;
    answer_read(static_cast<size_t>(got));
  }
}

void PosixStream::write(std::vector<Buffer> chain, Completion<Result<void>> done) {
  if (loop_ == nullptr) return;
  if (write_failed_) return answer_write(std::move(done), *write_failed_);
  if (shut_down_) return answer_write(std::move(done), closed());
  std::erase_if(chain, [](const Buffer& part) { return part.empty(); });
  writes_.push_back({.chain = std::move(chain), .done = std::move(done)});
  if (writable_) try_write();
}

ssize_t PosixStream::send_front() {
  std::array<iovec, IOV_MAX> parts;
  size_t count = 0;
  for (const Write& write : writes_) {
    for (size_t part = write.part; part < write.chain.size() && count < parts.size(); ++part) {
      const size_t skipped = part == write.part ? write.offset : 0;
      auto* const from = const_cast<std::byte*>(write.chain[part].data()) + skipped;
      parts[count++] = {.iov_base = from, .iov_len = write.chain[part].bytes() - skipped};
    }
    if (count == parts.size()) break;
  }
  if (count == 0) return 0;
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  return sendmsg(socket_.descriptor(), &message, MSG_NOSIGNAL);
}

void PosixStream::try_write() {
  size_t turn = 0;
  while (!writes_.empty()) {
    if (turn >= kTurnBytes) return loop_->defer(*this);
    const ssize_t sent = send_front();
    if (sent >= 0) {
      turn += static_cast<size_t>(sent);
      advance(static_cast<size_t>(sent));
    } else if (must_wait(errno)) {
      writable_ = false;
      return;
    } else if (errno != EINTR) {
      return fail(network_error(errno, "write", peer_.to_string()));
    }
  }
  if (shut_down_) send_end();
}

void PosixStream::advance(size_t bytes) {
  while (!writes_.empty()) {
    Write& write = writes_.front();
    while (write.part < write.chain.size()) {
      const size_t left = write.chain[write.part].bytes() - write.offset;
      if (bytes < left) {
        write.offset += bytes;
        return;
      }
      bytes -= left;
      write.chain[write.part++] = Buffer();
      write.offset = 0;
    }
    answer_write(std::move(write.done), {});
    writes_.pop_front();
  }
}

void PosixStream::fail(Error why) {
  for (Write& write : writes_) answer_write(std::move(write.done), why);
  writes_.clear();
  write_failed_ = std::move(why);
}

void PosixStream::send_end() {
  ::shutdown(socket_.descriptor(), SHUT_WR);
  write_failed_ = closed();
}

void PosixStream::shutdown() {
  if (loop_ == nullptr || !socket_ || write_failed_) return;
  shut_down_ = true;
  if (writes_.empty()) send_end();
}

void PosixStream::close() {
  if (loop_ == nullptr || !socket_) return;
  read_failed_ = closed();
  fail(closed());
  socket_ = Socket();
  if (read_done_ && !read_result_) answer_read(*read_failed_);
}

void PosixStream::ready(Readiness readiness) {
  if (!socket_) return;
  ended_ = ended_ || readiness.ended;
  readable_ = readable_ || readiness.readable;
  writable_ = writable_ || readiness.writable;
  if (readable_ && read_done_ && !read_result_) try_read();
  if (writable_ && !writes_.empty()) try_write();
}

// One answer at a time: it may destroy the stream.
void PosixStream::resume() {
  if (writable_ && !writes_.empty()) try_write();
  if (read_result_) {
    auto done = std::exchange(read_done_, nullptr);
    auto result = *std::exchange(read_result_, std::nullopt);
    if (!written_.empty()) loop_->defer(*this);
    done(std::move(result));
  } else if (!written_.empty()) {
    Written front = std::move(written_.front());
    written_.pop_front();
    if (!written_.empty()) loop_->defer(*this);
    front.done(std::move(front.result));
  }
}

void PosixStream::abandon() {
  loop_ = nullptr;
  // Moved out first: what they own may be this stream.
  const auto dropped_read = std::exchange(read_done_, nullptr);
  const auto dropped_writes = std::exchange(writes_, {});
  const auto dropped_written = std::exchange(written_, {});
  socket_ = Socket();
}

}  // namespace millrace::io
