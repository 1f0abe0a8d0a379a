# Third-party libraries under the names that src/LAYERS uses.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)

function(third_party name)
  add_library(third_${name} INTERFACE)
  target_link_libraries(third_${name} INTERFACE ${ARGN})
endfunction()

third_party(fmt fmt::fmt)
third_party(threads Threads::Threads)
third_party(xxhash xxhash)
third_party(zstd zstd)
third_party(lz4 lz4)
third_party(snappy snappy)
third_party(zlib z)
third_party(simdjson simdjson)
third_party(fast_float)
third_party(boost)
third_party(double_conversion double-conversion)
third_party(re2 re2)
third_party(utf8proc utf8proc)
third_party(tz date-tz)
third_party(cli11)
third_party(libedit edit)
# Static, and OpenSSL with it: as shared libraries they would cost every command 2 ms at its start.
third_party(rdkafka -l:librdkafka.a -l:libsasl2.so.2 -l:libssl.a -l:libcrypto.a zstd lz4 z dl)
third_party(gtest gtest gmock gtest_main)
third_party(benchmark benchmark benchmark_main)
third_party(jemalloc jemalloc)
third_party(sqlite sqlite3)

# Parquet comes from the Arrow wheel that `./dev` unpacks into build/arrow. Without it the format is
# left out, and a table that asks for it gets MR-6004.
set(MILLRACE_ARROW_DIR ${CMAKE_SOURCE_DIR}/build/arrow/pyarrow CACHE PATH "The unpacked wheel")
add_library(third_parquet INTERFACE)
if(EXISTS ${MILLRACE_ARROW_DIR}/include/arrow/api.h)
  target_include_directories(third_parquet SYSTEM INTERFACE ${MILLRACE_ARROW_DIR}/include)
  target_link_directories(third_parquet INTERFACE ${MILLRACE_ARROW_DIR})
  target_link_libraries(third_parquet INTERFACE -l:libparquet.so.2600 -l:libarrow.so.2600)
  # Arrow exports the symbols of a simdjson of its own: ours has to come first, whoever names it.
  target_link_options(third_parquet INTERFACE -Wl,--push-state,--no-as-needed -lsimdjson
    -Wl,--pop-state -Wl,-rpath,${MILLRACE_ARROW_DIR})
  target_compile_definitions(third_parquet INTERFACE MILLRACE_WITH_PARQUET=1)
else()
  message(STATUS "Parquet is left out: no Arrow in ${MILLRACE_ARROW_DIR}")
endif()
