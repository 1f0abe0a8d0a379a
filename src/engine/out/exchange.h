#pragma once

#include <memory>
#include <vector>

#include "data/key_encoding.h"
#include "engine/dataflow.h"
#include "engine/out/channel.h"
#include "engine/out/tail.h"

namespace millrace::engine {

// One outgoing edge of a task: how its rows are spread over the channels to the next pipeline's
// shards.
struct OutgoingEdge {
  Routing routing = Routing::kForward;
  std::vector<uint32_t> key_columns;
  // kHash, kBroadcast: a channel per shard; kForward, kSingle: one.
  std::vector<std::shared_ptr<Channel>> channels;
  bool late = false;     // takes kLate in place of kBatch
  bool origins = false;  // batches keep theirs
};

// ExchangeTail: out of a task into other tasks. Fan-out shares the batch; up to kSharedShardsMax
// shards share its columns, each with a selection, above that every shard gets rows of its own.
//
// Threading: confined to its task.
class ExchangeTail final : public Tail {
 public:
  explicit ExchangeTail(std::vector<OutgoingEdge> edges);

  Result<Step> on_event(Event event) override;
  Result<Step> resume() override;
  bool room(bool batch) const override;
  bool wait_for_room(bool batch) override;
  bool takes_late() const override;

 private:
  struct Route {
    OutgoingEdge edge;
    data::KeyHasher hasher;
  };
  void spread(Route& route, const data::Batch& batch);
  // Fills shard_of_row_ and counts_ from the key hashes.
  void assign_shards(Route& route, const data::Batch& batch);

  std::vector<Route> routes_;
  std::vector<uint64_t> hashes_;
  std::vector<uint16_t> shard_of_row_;
  std::vector<uint32_t> counts_;
  std::vector<uint16_t*> places_;
  std::vector<Buffer> selections_;
};

}  // namespace millrace::engine
