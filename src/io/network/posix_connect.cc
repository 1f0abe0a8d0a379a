#include "io/network/posix_connect.h"

#include <cerrno>
#include <memory>
#include <utility>

#include "io/network/posix_stream.h"

namespace millrace::io {
namespace {

// What an address may take to answer.
constexpr int64_t kPatienceNs = 10 * kNsPerSecond;

// One connection to be. Confined to its loop; it lives as long as its timer or its caller holds it.
class Connecting final : public SocketOwner, public std::enable_shared_from_this<Connecting> {
 public:
  Connecting(PosixLoop& loop, std::string place, std::vector<SocketAddress> addresses,
             Completion<Result<StreamPtr>> done)
      : loop_(loop),
        place_(std::move(place)),
        addresses_(std::move(addresses)),
        done_(std::move(done)) {}
  ~Connecting() override { close(); }

  // Begins with the next address, or gives up.
  void try_next() {
    close();
    if (next_ == addresses_.size()) return answer(*std::move(failed_));
    const SocketAddress& address = addresses_[next_++];
    socket_ = Socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_) return fail(errno);
    const bool failed = ::connect(socket_.descriptor(), address.get(), address.bytes) != 0;
    if (failed && errno != EINPROGRESS && errno != EINTR) return fail(errno);
    loop_.watch(socket_, *this);
    loop_.post_at(loop_.now() + kPatienceNs, [self = shared_from_this(), tried = next_] {
      if (self->socket_ && self->next_ == tried) self->fail(ETIMEDOUT);
    });
  }

  void ready(Readiness) override {
    int number = 0;
    socklen_t bytes = sizeof number;
    getsockopt(socket_.descriptor(), SOL_SOCKET, SO_ERROR, &number, &bytes);
    if (number != 0) return fail(number);
    // Told too early: there is no peer yet.
    if (peer_address(socket_).port != 0) succeed();
  }
  void resume() override {}
  void abandon() override { socket_ = Socket(); }

 private:
  void close() {
    if (!socket_) return;
    loop_.forget(socket_, *this);
    socket_ = Socket();
  }
  void fail(int number) {
    failed_ = network_error(number, "connect", place_);
    try_next();
  }
  void succeed() {
    loop_.forget(socket_, *this);
    answer(StreamPtr(std::make_unique<PosixStream>(loop_, std::move(socket_))));
  }
  void answer(Result<StreamPtr> result) {
    loop_.post([done = std::move(done_), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  PosixLoop& loop_;
  const std::string place_;
  const std::vector<SocketAddress> addresses_;
  Completion<Result<StreamPtr>> done_;
  size_t next_ = 0;
  Socket socket_;
  std::optional<Error> failed_;
};

}  // namespace

void connect_to_first(PosixLoop& loop, std::string place, std::vector<SocketAddress> addresses,
                      Completion<Result<StreamPtr>> done) {
  std::make_shared<Connecting>(loop, std::move(place), std::move(addresses), std::move(done))
      ->try_next();
}

}  // namespace millrace::io
