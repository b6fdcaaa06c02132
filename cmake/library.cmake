# Shared precompiled headers: what nearly every file includes, compiled once.
set(SORTIE_PCH_HEADERS
  <boost/asio/awaitable.hpp> <boost/asio/any_io_executor.hpp> <boost/asio/co_spawn.hpp> <boost/asio/use_awaitable.hpp>
  <boost/asio/steady_timer.hpp> <boost/json.hpp> <algorithm> <array> <chrono> <cstdint> <expected> <filesystem> <functional>
  <map> <memory> <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

# sortie_library(folder DEPS ... [PCH header...] [ROOMS folder...]): src/folder/*.cc without *_test.cc is the library (slashes become underscores);
# src/folder/*_test.cc is the program folder_test, run by ctest and built by the target unit_tests. With PCH it has a
# precompiled header of its own: the shared one and these. ROOMS are folders inside that belong to the same library. COLD is for code that waits for others more than it computes:
# optimised and inlined little, which takes a third less time to compile (and -Oz would need a precompiled header of its own).
add_custom_target(unit_tests)

# The tests' own: the shared one and GoogleTest.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/test_pch.cc CONTENT "")
add_library(test_pch OBJECT EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/test_pch.cc)
target_precompile_headers(test_pch PRIVATE ${SORTIE_PCH_HEADERS} <gtest/gtest.h>)
target_link_libraries(test_pch PRIVATE Boost::headers deps_fmt GTest::gtest)
target_compile_options(test_pch PRIVATE -O0)
function(sortie_library folder)
  cmake_parse_arguments(arg "COLD" "" "DEPS;PCH;ROOMS" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  set(patterns ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  foreach(room IN LISTS arg_ROOMS)
    list(APPEND patterns ${CMAKE_SOURCE_DIR}/src/${folder}/${room}/*.cc)
  endforeach()
  file(GLOB sources CONFIGURE_DEPENDS ${patterns})
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(NOT sources)
    add_library(${name} INTERFACE)
    list(REMOVE_ITEM arg_DEPS PCH_BASE)
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  if("PCH_BASE" IN_LIST arg_DEPS)
    list(REMOVE_ITEM arg_DEPS PCH_BASE)
    target_precompile_headers(${name} PRIVATE ${SORTIE_PCH_HEADERS})
  elseif(arg_PCH)
    target_precompile_headers(${name} PRIVATE ${SORTIE_PCH_HEADERS} ${arg_PCH})
  else()
    target_precompile_headers(${name} REUSE_FROM base)
  endif()
  target_link_libraries(${name} PUBLIC ${arg_DEPS})
  if(arg_COLD)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1> $<$<CONFIG:Release>:SHELL:-mllvm -inline-threshold=0>)
  endif()
  if(tests)
    add_executable(${name}_test ${tests})
    target_precompile_headers(${name}_test REUSE_FROM test_pch)
    target_compile_options(${name}_test PRIVATE -O0)  # the tests themselves; a third of the time to compile them
    target_link_libraries(${name}_test PRIVATE ${name} boost_json GTest::gtest GTest::gtest_main)
    add_dependencies(unit_tests ${name}_test)
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()
