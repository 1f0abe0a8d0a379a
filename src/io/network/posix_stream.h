#pragma once

#include <deque>
#include <optional>
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
  PosixStream(const PosixStream&) = delete;
  PosixStream& operator=(const PosixStream&) = delete;

  void read(std::span<std::byte> into, Completion<Result<size_t>> done) override;
  void write(std::vector<Buffer> chain, Completion<Result<void>> done) override;
  void shutdown() override;
  void close() override;
  Address local() const override { return local_; }
  Address peer() const override { return peer_; }

  void ready(Readiness readiness) override;
  void resume() override;
  void abandon() override;

 private:
  struct Write {
    std::vector<Buffer> chain;
    size_t part = 0;    // of the chain: the first that is not gone
    size_t offset = 0;  // in that part
    Completion<Result<void>> done;
  };
  struct Written {
    Completion<Result<void>> done;
    Result<void> result;
  };
  void try_read();
  void try_write();
  // One call of the system's; how many bytes went, or -1 with errno.
  ssize_t send_front();
  // Moves past `bytes` of the queue, answers what is done.
  void advance(size_t bytes);
  void answer_read(Result<size_t> result);
  void answer_write(Completion<Result<void>> done, Result<void> result);
  // From now on every call has this answer.
  void fail(Error why);
  void send_end();

  PosixLoop* loop_;  // null once it is over
  Socket socket_;    // none once it is closed
  const Address local_;
  const Address peer_;
  std::span<std::byte> read_into_;
  Completion<Result<size_t>> read_done_;
  std::optional<Result<size_t>> read_result_;  // until read_done_ is told
  std::deque<Write> writes_;
  std::deque<Written> written_;  // until they are told
  std::optional<Error> read_failed_;
  std::optional<Error> write_failed_;
  bool readable_ = true;  // until a read says otherwise
  bool writable_ = true;
  bool ended_ = false;      // no readiness will be told any more
  bool shut_down_ = false;  // nothing is written any more
};

}  // namespace millrace::io
