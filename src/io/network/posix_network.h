#pragma once

#include "io/network/network.h"

namespace millrace::io {

// PosixNetwork: TCP over IPv4 and IPv6.
class PosixNetwork final : public Network {
 public:
  std::unique_ptr<Executor> start_loop(ThreadOptions options) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address, std::vector<Executor*> loops,
                                           Accept on_accept) override;
  void connect(const Address& address, Executor& loop, Completion<Result<StreamPtr>> done) override;
};

}  // namespace millrace::io
