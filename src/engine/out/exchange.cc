#include "engine/out/exchange.h"

#include <algorithm>

#include "base/assert.h"

namespace millrace::engine {
namespace {

constexpr uint32_t kSharedShardsMax = 4;
// A selection of less than this part of a batch gets columns of its own: it must not pin the whole.
constexpr uint32_t kSparse = 8;

}  // namespace

ExchangeTail::ExchangeTail(std::vector<OutgoingEdge> edges) {
  for (OutgoingEdge& edge : edges) {
    std::vector<size_t> columns(edge.key_columns.begin(), edge.key_columns.end());
    routes_.push_back({std::move(edge), data::KeyHasher(std::move(columns))});
  }
}

bool ExchangeTail::room(bool batch) const {
  return std::ranges::all_of(routes_, [&](const Route& route) {
    return std::ranges::all_of(route.edge.channels,
                               [&](const auto& channel) { return channel->has_room(batch); });
  });
}

bool ExchangeTail::wait_for_room(bool batch) {
  bool waits = false;
  for (Route& route : routes_) {
    for (auto& channel : route.edge.channels) {
      if (!channel->has_room(batch)) waits |= channel->wait_for_room(batch);
    }
  }
  return waits;
}

bool ExchangeTail::takes_late() const {
  return std::ranges::any_of(routes_, [](const Route& route) { return route.edge.late; });
}

Result<Step> ExchangeTail::resume() {
  assertion_failed("an exchange never suspends within an event", __FILE__, __LINE__);
}

Result<Step> ExchangeTail::on_event(Event event) {
  for (Route& route : routes_) {
    if (event.is_batch()) {
      if (route.edge.late != (event.kind == EventKind::kLate)) continue;
      if (route.edge.origins || event.batch.origin() == nullptr) {
        spread(route, event.batch);
      } else {
        spread(route, data::Batch(event.batch).with_origin(nullptr));
      }
      continue;
    }
    for (auto& channel : route.edge.channels) {
      channel->push(Event::signal(event.kind, event.value));
    }
  }
  return Step::kDone;
}

void ExchangeTail::assign_shards(Route& route, const data::Batch& batch) {
  const auto shards = static_cast<uint32_t>(route.edge.channels.size());
  const uint32_t rows = batch.size();
  hashes_.resize(rows);
  route.hasher.hash(batch, hashes_);
  shard_of_row_.resize(rows);
  counts_.assign(shards, 0);
  for (uint32_t n = 0; n < rows; ++n) {
    const uint32_t shard = data::shard_of_group(data::key_group(hashes_[n]), shards);
    shard_of_row_[n] = static_cast<uint16_t>(shard);
    ++counts_[shard];
  }
}

void ExchangeTail::spread(Route& route, const data::Batch& batch) {
  auto& channels = route.edge.channels;
  if (route.edge.routing != Routing::kHash || channels.size() == 1) {
    for (auto& channel : channels) channel->push(Event::rows(0, batch));
    return;
  }
  assign_shards(route, batch);
  const size_t shards = channels.size();
  selections_.assign(shards, Buffer());
  places_.assign(shards, nullptr);
  for (size_t shard = 0; shard < shards; ++shard) {
    if (counts_[shard] == 0) continue;
    selections_[shard] = Buffer::allocate(counts_[shard] * sizeof(uint16_t));
    places_[shard] = selections_[shard].mutable_as<uint16_t>();
  }
  for (uint32_t n = 0; n < batch.size(); ++n) {
    *places_[shard_of_row_[n]]++ = static_cast<uint16_t>(batch.row(n));
  }
  for (size_t shard = 0; shard < shards; ++shard) {
    const uint32_t count = counts_[shard];
    if (count == 0) continue;
    data::Batch part = batch;
    if (count < batch.rows()) {
      part = std::move(part).with_selection(std::move(selections_[shard]), count);
    }
    if (shards > kSharedShardsMax || uint64_t{count} * kSparse < batch.rows()) {
      part = std::move(part).compact();
    }
    channels[shard]->push(Event::rows(0, std::move(part)));
  }
}

}  // namespace millrace::engine
