#include "io/network/posix_listener.h"

#include <fmt/core.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "io/network/port_holder.h"
#include "io/network/posix_stream.h"

namespace millrace::io {
namespace {

constexpr int kBacklog = 4096;  // the system may allow less
// Without a free descriptor the next try waits so long.
constexpr int64_t kPauseNs = 100 * kNsPerMs;
// A port that is free for IPv4 may be taken for IPv6.
constexpr int kFreePortTries = 20;
// Of one turn; then the loop's streams have theirs.
constexpr int kAcceptsMax = 64;

Error cannot_listen(int number, const Address& address) {
  if (number == EADDRINUSE) {
    return Error(ErrorCode::kPortInUse,
                 fmt::format("{} listens at port {}", port_holder(address.port), address.port))
        .at(address.to_string())
        .remedy("Stop it, or choose another port; port 0 takes one that is free.");
  }
  Error error = network_error(number, "listen", address.to_string());
  if (number == EACCES) {
    return std::move(error).remedy("Ports below 1024 need a privilege; choose a higher one.");
  }
  if (number == EADDRNOTAVAIL) {
    return std::move(error).remedy("Write an address that this machine has.");
  }
  return error;
}

Result<Socket> open_port(const SocketAddress& at, const Address& address) {
  Socket socket(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return cannot_listen(errno, address);
  const int on = 1;
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Each family has a socket of its own.
  if (at.family() == AF_INET6) {
    setsockopt(socket.descriptor(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (bind(socket.descriptor(), at.get(), at.bytes) != 0 ||
      ::listen(socket.descriptor(), kBacklog) != 0) {
    return cannot_listen(errno, address);
  }
  return socket;
}

// Whether the machine has nothing of the address's family, so that the others will do.
bool is_absent(const SocketAddress& at) {
  const Socket socket(::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  SocketAddress probe = at;
  probe.set_port(0);
  return !socket ||
         (bind(socket.descriptor(), probe.get(), probe.bytes) != 0 && errno == EADDRNOTAVAIL);
}

// A free port that was found for the first address is taken for the others, too.
Result<std::vector<Socket>> open_all(const std::vector<SocketAddress>& addresses, Address wanted) {
  std::vector<Socket> sockets;
  std::optional<Error> absent;
  for (SocketAddress at : addresses) {
    at.set_port(wanted.port);
    auto socket = open_port(at, wanted);
    if (!socket && !is_absent(at)) return std::move(socket).error();
    if (!socket) {
      absent = std::move(socket).error();
      continue;
    }
    wanted.port = local_address(*socket).port;
    sockets.push_back(*std::move(socket));
  }
  if (sockets.empty()) return *std::move(absent);
  return sockets;
}

}  // namespace

Result<std::vector<Socket>> open_ports(const Address& address) {
  const auto addresses = MILLRACE_TRY(look_up(address, AddressUse::kListen));
  for (int tries = 1;; ++tries) {
    auto sockets = open_all(addresses, address);
    const bool again = !sockets && sockets.error().code() == ErrorCode::kPortInUse &&
                       address.port == 0 && tries < kFreePortTries;
    if (!again) return sockets;
  }
}

// Who is let in, and by which loop. Shared with the tasks that let in.
struct PosixListener::Guests {
  const std::vector<PosixLoop*> loops;
  const Accept on_accept;
  std::atomic<bool> closed = false;
};

// One socket that listens. Confined to the first loop.
class PosixListener::Port final : public SocketOwner, public std::enable_shared_from_this<Port> {
 public:
  Port(std::shared_ptr<Guests> guests, Socket socket)
      : guests_(std::move(guests)), loop_(*guests_->loops.front()), socket_(std::move(socket)) {
    loop_.watch(socket_, *this);
  }
  ~Port() override { loop_.forget(socket_, *this); }

  void ready(Readiness) override {
    if (!paused_) loop_.defer(*this);
  }
  void resume() override {
    for (int accepts = 0; accepts < kAcceptsMax; ++accepts) {
      Socket accepted(
          accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (accepted) {
        hand_out(std::move(accepted));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      } else if (!is_of_connection(errno)) {
        return pause();
      }
    }
    loop_.defer(*this);
  }
  void abandon() override {}

 private:
  // What went wrong with the connection that would have been accepted. Source: accept(2).
  static bool is_of_connection(int number) {
    switch (number) {
      case EINTR:
      case ECONNABORTED:
      case EPROTO:
      case ENOPROTOOPT:
      case ENETDOWN:
      case ENETUNREACH:
      case EHOSTDOWN:
      case EHOSTUNREACH:
      case ENONET:
      case EOPNOTSUPP:
      case EPERM:
        return true;
      default:
        return false;
    }
  }
  void pause() {
    paused_ = true;
    loop_.post_at(loop_.now() + kPauseNs, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      self->paused_ = false;
      self->loop_.defer(*self);
    });
  }
  void hand_out(Socket accepted) {
    PosixLoop& loop = *guests_->loops[next_++ % guests_->loops.size()];
    loop.post([&loop, guests = guests_, accepted = std::move(accepted)]() mutable {
      if (guests->closed) return;
      guests->on_accept(std::make_unique<PosixStream>(loop, std::move(accepted)), loop);
    });
  }

  const std::shared_ptr<Guests> guests_;
  PosixLoop& loop_;
  Socket socket_;
  bool paused_ = false;
  size_t next_ = 0;
};

namespace {

// Runs `call` as a task of the loop, and returns when it has run.
void run_on(PosixLoop& loop, const std::function<void()>& call) {
  MILLRACE_ASSERT(!loop.current());
  Notification done;
  loop.post([&] {
    call();
    done.set();
  });
  done.block();
}

}  // namespace

PosixListener::PosixListener(std::vector<Socket> sockets, std::vector<PosixLoop*> loops,
                             Accept on_accept)
    : local_(local_address(sockets.front())),
      guests_(new Guests{.loops = std::move(loops), .on_accept = std::move(on_accept)}) {
  run_on(*guests_->loops.front(), [&] {
    for (Socket& socket : sockets) {
      ports_.push_back(std::make_shared<Port>(guests_, std::move(socket)));
    }
  });
}

PosixListener::~PosixListener() {
  guests_->closed = true;
  run_on(*guests_->loops.front(), [&] { ports_.clear(); });
  for (PosixLoop* const loop : guests_->loops) run_on(*loop, [] {});
}

}  // namespace millrace::io
