#include "io/network/posix_network.h"

#include <sys/resource.h>

#include <utility>

#include "base/assert.h"
#include "io/network/posix_connect.h"
#include "io/network/posix_listener.h"
#include "io/network/posix_loop.h"

namespace millrace::io {
namespace {

PosixLoop& posix(Loop& loop) {
  auto* const found = dynamic_cast<PosixLoop*>(&loop);
  MILLRACE_ASSERT(found != nullptr);
  return *found;
}

// A server may have as many descriptors as the system grants it.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::unique_ptr<Loop> PosixNetwork::start_loop(ThreadOptions options) {
  return std::make_unique<PosixLoop>(std::move(options), resolver_);
}

Result<ListenerPtr> PosixNetwork::listen(const Address& address, std::vector<Loop*> loops,
                                         Accept on_accept) {
  MILLRACE_ASSERT(!loops.empty());
  std::vector<PosixLoop*> posix_loops;
  for (Loop* const loop : loops) posix_loops.push_back(&posix(*loop));
  raise_descriptor_limit();
  auto ports = MILLRACE_TRY(open_ports(address));
  return std::make_unique<PosixListener>(std::move(ports), std::move(posix_loops),
                                         std::move(on_accept));
}

void PosixNetwork::connect(const Address& address, Loop& loop, Completion<Result<StreamPtr>> done) {
  PosixLoop& on = posix(loop);
  auto begin = [&on, place = address.to_string(),
                done = std::move(done)](Result<std::vector<SocketAddress>> found) mutable {
    if (!found) return done(std::move(found).error());
    connect_to_first(on, std::move(place), *std::move(found), std::move(done));
  };
  auto known = known_addresses(address, AddressUse::kConnect);
  if (!known) return resolver_.look_up(address, loop, std::move(begin));
  loop.post(
      [known = *std::move(known), begin = std::move(begin)]() mutable { begin(std::move(known)); });
}

}  // namespace millrace::io
