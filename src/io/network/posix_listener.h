#pragma once

#include <memory>
#include <vector>

#include "io/network/network.h"
#include "io/network/posix_loop.h"

namespace millrace::io {

// Sockets that listen at every address that `address` stands for, all at one port.
// Failure: as Network::listen.
Result<std::vector<Socket>> open_ports(const Address& address);

// PosixListener: accepts on the first of its loops, and hands the connections out in turn.
class PosixListener final : public Listener {
 public:
  PosixListener(std::vector<Socket> sockets, std::vector<PosixLoop*> loops, Accept on_accept);
  ~PosixListener() override;
  PosixListener(const PosixListener&) = delete;
  PosixListener& operator=(const PosixListener&) = delete;
  Address local() const override { return local_; }

 private:
  class Port;
  struct Guests;
  const Address local_;
  const std::shared_ptr<Guests> guests_;
  std::vector<std::shared_ptr<Port>> ports_;  // the first loop's
};

}  // namespace millrace::io
