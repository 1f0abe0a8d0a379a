#pragma once

#include <memory>
#include <vector>

#include "io/network/network.h"
#include "io/network/posix_loop.h"

namespace millrace::io {

// Sockets that listen at every address that `address` stands for.
// kInUse with what is known of who listens there, kIoFailed, kPermissionDenied.
Result<std::vector<Socket>> open_ports(const Address& address);

// PosixListener: accepts on the first of its loops, and hands the connections out in turn.
class PosixListener final : public Listener {
 public:
  PosixListener(std::vector<Socket> ports, std::vector<PosixLoop*> loops, Accept on_accept);
  ~PosixListener() override;
  Address local() const override { return local_; }

 private:
  class Port;
  const Address local_;
  PosixLoop& loop_;
  std::shared_ptr<std::vector<std::unique_ptr<Port>>> ports_;  // the loop's
};

}  // namespace millrace::io
