#pragma once

#include "io/network/network.h"
#include "io/network/resolver.h"

namespace millrace::io {

// PosixNetwork: TCP over IPv4 and IPv6.
class PosixNetwork final : public Network {
 public:
  std::unique_ptr<Loop> start_loop(ThreadOptions options) override;
  Result<ListenerPtr> listen(const Address& address, std::vector<Loop*> loops,
                             Accept on_accept) override;
  void connect(const Address& address, Loop& loop, Completion<Result<StreamPtr>> done) override;

 private:
  Resolver resolver_;
};

}  // namespace millrace::io
