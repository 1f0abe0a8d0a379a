#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "io/executor.h"
#include "io/network/address.h"

namespace millrace::io {

// Stream: one connection.
//
// Threading:  confined to its loop; completions run there, never inside the call.
// Ownership:  the bytes to read into live until the answer. Destroying a stream closes it and drops
//             the answers that have not come.
// Order:      one read at a time; writes go out in the order of the calls.
// Failure:    kIoFailed: the connection is lost. kCancelled: it was closed here.
class Stream {
 public:
  virtual ~Stream() = default;
  // At least one byte; 0: the peer has sent all that it will.
  virtual void read(std::span<std::byte> into, Completion<Result<size_t>> done) = 0;
  // Without a copy; done when the system has all of it.
  virtual void write(std::vector<Buffer> chain, Completion<Result<void>> done) = 0;
  virtual void close() = 0;
  virtual Address local() const = 0;
  virtual Address peer() const = 0;
};
using StreamPtr = std::unique_ptr<Stream>;

// Listener: a port that takes connections; destroying it closes the port, from no loop's task.
class Listener {
 public:
  virtual ~Listener() = default;
  // With the port that was taken.
  virtual Address local() const = 0;
};

// Runs on the loop that the stream is confined to.
using Accept = std::function<void(StreamPtr stream, Executor& loop)>;

// Network: the one place where connections are made.
//
// Threading:  synchronised inside; start_loop and listen block, and are not called from a loop.
// Ownership:  outlives its loops, and they their listeners and streams.
class Network {
 public:
  virtual ~Network() = default;
  // An executor that can wait for connections as well as for tasks; as Threads::start otherwise.
  virtual std::unique_ptr<Executor> start_loop(ThreadOptions options) = 0;
  // Every address that `address` stands for. Connections go to the loops in turn. Clients are never
  // waited for: without free descriptors it pauses and goes on.
  // kInUse: another program listens there. kIoFailed, kPermissionDenied, kInvalidOption.
  // REQUIRES: loops of this network, at least one.
  virtual Result<std::unique_ptr<Listener>> listen(const Address& address,
                                                   std::vector<Executor*> loops,
                                                   Accept on_accept) = 0;
  // REQUIRES: `loop` is one of this network, and outlives the answer.
  virtual void connect(const Address& address, Executor& loop,
                       Completion<Result<StreamPtr>> done) = 0;
};

}  // namespace millrace::io
