#include "io/network/posix_network.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "io/network/posix_listener.h"
#include "io/network/posix_loop.h"
#include "io/network/posix_stream.h"

namespace millrace::io {
namespace {

// Blocks until it is connected, or cannot be.
Result<Socket> connect_now(const Address& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string port = std::to_string(address.port);
  const int unknown = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &list);
  if (unknown != 0) {
    return Error(ErrorCode::kInvalidOption, fmt::format("no address is known for '{}': {}",
                                                        address.host, gai_strerror(unknown)))
        .at(address.to_string());
  }
  Result<Socket> result = Error(ErrorCode::kIoFailed, "it has no address").at(address.to_string());
  for (addrinfo* at = list; at != nullptr && !result; at = at->ai_next) {
    Socket socket(::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (socket && ::connect(socket.descriptor(), at->ai_addr, at->ai_addrlen) == 0) {
      result = std::move(socket);
    } else {
      result = network_error(errno, "connect", address.to_string());
    }
  }
  freeaddrinfo(list);
  return result;
}

void stop_blocking(const Socket& socket) {
  const int flags = fcntl(socket.descriptor(), F_GETFL, 0);
  fcntl(socket.descriptor(), F_SETFL, flags | O_NONBLOCK);
}

}  // namespace

std::unique_ptr<Executor> PosixNetwork::start_loop(ThreadOptions options) {
  return std::make_unique<PosixLoop>(std::move(options));
}

Result<std::unique_ptr<Listener>> PosixNetwork::listen(const Address& address,
                                                       std::vector<Executor*> loops,
                                                       Accept on_accept) {
  std::vector<PosixLoop*> posix_loops;
  for (Executor* loop : loops) posix_loops.push_back(static_cast<PosixLoop*>(loop));
  auto ports = MILLRACE_TRY(open_ports(address));
  return std::make_unique<PosixListener>(std::move(ports), std::move(posix_loops),
                                         std::move(on_accept));
}

void PosixNetwork::connect(const Address& address, Executor& loop,
                           Completion<Result<StreamPtr>> done) {
  auto& posix_loop = static_cast<PosixLoop&>(loop);
  // Names are looked up by calls that block: not on a loop.
  std::thread([address, &posix_loop, done = std::move(done)]() mutable {
    auto socket = connect_now(address);
    posix_loop.post([&posix_loop, socket = std::move(socket), done = std::move(done)]() mutable {
      if (!socket) return done(std::move(socket).error());
      stop_blocking(*socket);
      done(StreamPtr(std::make_unique<PosixStream>(posix_loop, *std::move(socket))));
    });
  }).detach();
}

}  // namespace millrace::io
