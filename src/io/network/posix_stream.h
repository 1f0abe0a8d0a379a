#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "io/network/network.h"
#include "io/network/posix_loop.h"

namespace millrace::io {

// PosixStream: a connected socket on a loop. Reads and writes are tried at once, and wait for the
// socket only where it has nothing, or no room.
class PosixStream final : public Stream, public SocketOwner {
 public:
  // REQUIRES: called on the loop; the socket does not block.
  PosixStream(PosixLoop& loop, Socket socket);
  ~PosixStream() override;

  void read(std::span<std::byte> into, Completion<Result<size_t>> done) override;
  void write(std::vector<Buffer> chain, Completion<Result<void>> done) override;
  void close() override;
  Address local() const override { return local_; }
  Address peer() const override { return peer_; }

  void ready(bool readable, bool writable) override;

 private:
  struct Write {
    std::vector<Buffer> chain;
    size_t part = 0;    // of the chain: the first that is not gone
    size_t offset = 0;  // in that part
    Completion<Result<void>> done;
  };
  void try_read();
  void try_write();
  // Hands `bytes` of the queue to the system: moves past them, answers what is done.
  void advance(size_t bytes);
  void fail(const Error& why);
  // Runs `task` on the loop, after this call, if the stream still stands.
  template <class Call>
  void later(Call call);

  PosixLoop& loop_;
  Socket socket_;
  const Address local_;
  const Address peer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::span<std::byte> read_into_;
  Completion<Result<size_t>> read_done_;
  std::deque<Write> writes_;
  bool readable_ = true;  // until a read says otherwise
  bool writable_ = true;
};

}  // namespace millrace::io
