#include "io/network/posix_listener.h"

#include <fmt/core.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/assert.h"
#include "io/network/posix_stream.h"

namespace millrace::io {
namespace {

constexpr int kBacklog = 1024;
// Without a free descriptor the next try waits so long.
constexpr int64_t kPauseNs = 100 * kNsPerMs;

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

Result<std::unique_ptr<addrinfo, FreeAddresses>> resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  const char* host = address.host.empty() ? nullptr : address.host.c_str();
  const int failed = getaddrinfo(host, port.c_str(), &hints, &list);
  if (failed == 0) return std::unique_ptr<addrinfo, FreeAddresses>(list);
  return Error(ErrorCode::kInvalidOption,
               fmt::format("no address is known for '{}': {}", address.host, gai_strerror(failed)))
      .at(address.to_string());
}

Error cannot_listen(int number, const Address& address) {
  Error error = network_error(number, "listen", address.to_string());
  if (number != EADDRINUSE) return error;
  return std::move(error).remedy(fmt::format(
      "Another program listens at port {}; end it, or choose another port.", address.port));
}

Result<Socket> open_port(const addrinfo& at, const Address& address) {
  Socket socket(::socket(at.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return cannot_listen(errno, address);
  const int on = 1;
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Each family has a socket of its own.
  if (at.ai_family == AF_INET6) {
    setsockopt(socket.descriptor(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (bind(socket.descriptor(), at.ai_addr, at.ai_addrlen) != 0 ||
      ::listen(socket.descriptor(), kBacklog) != 0) {
    return cannot_listen(errno, address);
  }
  return socket;
}

}  // namespace

Result<std::vector<Socket>> open_ports(const Address& address) {
  const auto list = MILLRACE_TRY(resolve(address));
  std::vector<Socket> ports;
  std::optional<Error> failed;
  Address wanted = address;
  for (addrinfo* at = list.get(); at != nullptr; at = at->ai_next) {
    // A free port that was found for the first address is taken for the others, too.
    auto& number = at->ai_family == AF_INET
                       ? reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_port
                       : reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_port;
    number = htons(wanted.port);
    auto port = open_port(*at, wanted);
    if (!port && port.error().code() == ErrorCode::kInUse) return std::move(port).error();
    if (!port) {
      // A machine without IPv6 has localhost in both families all the same.
      failed = std::move(port).error();
      continue;
    }
    wanted.port = local_address(*port).port;
    ports.push_back(*std::move(port));
  }
  if (ports.empty()) return *std::move(failed);
  return ports;
}

// One socket that listens. Confined to its loop.
class PosixListener::Port final : public SocketOwner {
 public:
  Port(PosixLoop& loop, Socket socket, std::vector<PosixLoop*> loops, Accept on_accept)
      : loop_(loop),
        socket_(std::move(socket)),
        loops_(std::move(loops)),
        on_accept_(std::make_shared<Accept>(std::move(on_accept))) {
    loop_.watch(socket_, *this);
    accept_all();
  }
  ~Port() override {
    *alive_ = false;
    loop_.forget(socket_);
  }

  void ready(bool, bool) override { accept_all(); }

 private:
  void accept_all() {
    while (true) {
      Socket accepted(
          accept4(socket_.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (accepted) {
        hand_out(std::move(accepted));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return pause();
      }
    }
  }
  void pause() {
    loop_.post_at(loop_.now() + kPauseNs, [this, alive = alive_] {
      if (*alive) accept_all();
    });
  }
  void hand_out(Socket accepted) {
    PosixLoop& loop = *loops_[next_++ % loops_.size()];
    loop.post([&loop, on_accept = on_accept_, accepted = std::move(accepted)]() mutable {
      (*on_accept)(std::make_unique<PosixStream>(loop, std::move(accepted)), loop);
    });
  }

  PosixLoop& loop_;
  Socket socket_;
  const std::vector<PosixLoop*> loops_;
  const std::shared_ptr<Accept> on_accept_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  size_t next_ = 0;
};

PosixListener::PosixListener(std::vector<Socket> ports, std::vector<PosixLoop*> loops,
                             Accept on_accept)
    : local_(local_address(ports.front())),
      loop_(*loops.front()),
      ports_(std::make_shared<std::vector<std::unique_ptr<Port>>>()) {
  loop_.post([this_ports = ports_, &loop = loop_, ports = std::move(ports), loops,
              on_accept = std::move(on_accept)]() mutable {
    for (Socket& port : ports) {
      this_ports->push_back(std::make_unique<Port>(loop, std::move(port), loops, on_accept));
    }
  });
}

PosixListener::~PosixListener() {
  MILLRACE_ASSERT(!loop_.current());
  Notification closed;
  loop_.post([&] {
    ports_->clear();
    closed.set();
  });
  closed.block();
}

}  // namespace millrace::io
