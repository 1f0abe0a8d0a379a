#include "io/network/posix_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.h"

namespace millrace::io {
namespace {

constexpr size_t kPartsMax = 64;  // of one sendmsg

Error closed() {
  return {ErrorCode::kCancelled, "the connection was closed"};
}

void set(const Socket& socket, int level, int option, int value) {
  setsockopt(socket.descriptor(), level, option, &value, sizeof value);
}

}  // namespace

PosixStream::PosixStream(PosixLoop& loop, Socket socket)
    : loop_(loop),
      socket_(std::move(socket)),
      local_(local_address(socket_)),
      peer_(peer_address(socket_)) {
  set(socket_, IPPROTO_TCP, TCP_NODELAY, 1);
  // A peer that is gone without a word is noticed after some minutes.
  set(socket_, SOL_SOCKET, SO_KEEPALIVE, 1);
  set(socket_, IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(socket_, IPPROTO_TCP, TCP_KEEPINTVL, 20);
  set(socket_, IPPROTO_TCP, TCP_KEEPCNT, 4);
  loop_.watch(socket_, *this);
}

PosixStream::~PosixStream() {
  *alive_ = false;
  if (socket_) loop_.forget(socket_);
}

template <class Call>
void PosixStream::later(Call call) {
  loop_.post([alive = alive_, call = std::move(call)]() mutable {
    if (*alive) call();
  });
}

void PosixStream::read(std::span<std::byte> into, Completion<Result<size_t>> done) {
  MILLRACE_ASSERT(!read_done_ && !into.empty());
  read_into_ = into;
  read_done_ = std::move(done);
  if (!socket_) {
    later([this] { std::exchange(read_done_, nullptr)(closed()); });
  } else if (readable_) {
    try_read();
  }
}

void PosixStream::try_read() {
  ssize_t got = 0;
  do {
    got = recv(socket_.descriptor(), read_into_.data(), read_into_.size(), 0);
  } while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    readable_ = false;
    return;
  }
  auto answer = got >= 0 ? Result<size_t>(static_cast<size_t>(got))
                         : Result<size_t>(network_error(errno, "read", peer_.to_string()));
  later([done = std::exchange(read_done_, nullptr), answer = std::move(answer)]() mutable {
    done(std::move(answer));
  });
}

void PosixStream::write(std::vector<Buffer> chain, Completion<Result<void>> done) {
  std::erase_if(chain, [](const Buffer& part) { return part.empty(); });
  if (!socket_ || chain.empty()) {
    auto answer = socket_ ? Result<void>() : Result<void>(closed());
    return later([done = std::move(done), answer = std::move(answer)]() mutable {
      done(std::move(answer));
    });
  }
  writes_.push_back({.chain = std::move(chain), .done = std::move(done)});
  if (writable_) try_write();
}

void PosixStream::try_write() {
  while (!writes_.empty()) {
    std::array<iovec, kPartsMax> parts;
    size_t count = 0;
    for (const Write& write : writes_) {
      for (size_t part = write.part; part < write.chain.size() && count < kPartsMax; ++part) {
        const size_t skipped = part == write.part ? write.offset : 0;
        auto* from = const_cast<std::byte*>(write.chain[part].data()) + skipped;
        parts[count++] = {.iov_base = from, .iov_len = write.chain[part].bytes() - skipped};
      }
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t sent = sendmsg(socket_.descriptor(), &message, MSG_NOSIGNAL);
    if (sent >= 0) {
      advance(static_cast<size_t>(sent));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      writable_ = false;
      return;
    } else if (errno != EINTR) {
      return fail(network_error(errno, "write", peer_.to_string()));
    }
  }
}

void PosixStream::advance(size_t bytes) {
  while (bytes > 0) {
    Write& write = writes_.front();
    const size_t left = write.chain[write.part].bytes() - write.offset;
    if (bytes < left) {
      write.offset += bytes;
      return;
    }
    bytes -= left;
    write.chain[write.part] = Buffer();
    write.offset = 0;
    if (++write.part < write.chain.size()) continue;
    later([done = std::move(write.done)]() mutable { done({}); });
    writes_.pop_front();
  }
}

void PosixStream::fail(const Error& why) {
  for (Write& write : writes_) {
    later([done = std::move(write.done), why]() mutable { done(std::move(why)); });
  }
  writes_.clear();
}

void PosixStream::close() {
  if (!socket_) return;
  loop_.forget(socket_);
  socket_ = Socket();
  fail(closed());
  if (!read_done_) return;
  later([done = std::exchange(read_done_, nullptr)]() mutable { done(closed()); });
}

void PosixStream::ready(bool readable, bool writable) {
  readable_ = readable_ || readable;
  writable_ = writable_ || writable;
  if (readable_ && read_done_) try_read();
  if (writable_ && !writes_.empty()) try_write();
}

}  // namespace millrace::io
