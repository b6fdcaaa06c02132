# The compiler is clang 19 or newer with -std=c++23; docs/decisions/compiler.md has the story.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  set(refused "it miscompiles coroutines: aggregate temporaries and capturing lambdas in `co_await f(...)` are destroyed twice")
elseif(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(refused "code that seldom runs is compiled with options of clang's inliner, and no other compiler's programs are tested")
elseif(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  set(refused "libstdc++ has std::expected for clang 19 and newer alone")
endif()
if(refused)
  message(FATAL_ERROR "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} cannot compile Sortie: ${refused}. "
    "Use clang 19 (package clang-19): cmake --preset release, or -DCMAKE_CXX_COMPILER=clang++-19.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

# lld: faster, takes static libraries in any order, and is silent about getaddrinfo, which works in a static program
# (files and DNS, glibc 2.36).
add_link_options(-fuse-ld=lld)

option(SORTIE_FUZZ "Build the fuzz targets" OFF)
option(SORTIE_STATIC "Link the programs statically" ON)
set(SORTIE_SANITIZE "" CACHE STRING "Sanitizers for everything but the harness: address,undefined or thread")

add_compile_options(-Wall -Wextra -Wpedantic -Wno-missing-field-initializers -Wno-gnu-zero-variadic-macro-arguments
  $<$<CXX_COMPILER_ID:Clang>:-Wno-missing-designated-field-initializers>)
# assert() stays on in every build: an invariant that breaks must not go on as a wrong result.
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_DEBUG "-O0")  # the sanitizer builds add line tables: all that their reports need
if(SORTIE_SANITIZE)
  set(SORTIE_STATIC OFF)
  add_compile_options(-fsanitize=${SORTIE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SORTIE_SANITIZE})
endif()
# What these libraries do not instantiate with our types is compiled once: base/asio.cc, http/beast.cc.
add_compile_definitions(BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_ARRAY
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION)
include_directories(${CMAKE_SOURCE_DIR}/src)
