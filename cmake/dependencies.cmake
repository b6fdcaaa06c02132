# Packages of Debian 12 and 13 alone; docs/decisions/dependencies.md says why each is here.
if(SORTIE_STATIC)
  set(OPENSSL_USE_STATIC_LIBS ON)
  find_library(ZLIB_LIBRARY NAMES libz.a REQUIRED)
endif()
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG)  # the module of older CMakes is gone from new ones
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)

# A library whose static archive is preferred, so that a program is one file to copy.
function(sortie_static_dependency name)
  cmake_parse_arguments(arg "" "" "ARCHIVES;LIBS" ${ARGN})
  add_library(${name} INTERFACE)
  foreach(archive ${arg_ARCHIVES})
    find_library(${name}_${archive} NAMES lib${archive}.a ${archive} REQUIRED)
    target_link_libraries(${name} INTERFACE ${${name}_${archive}})
  endforeach()
  target_link_libraries(${name} INTERFACE ${arg_LIBS})
endfunction()

# fmt's headers, without FMT_HEADER_ONLY: base/fmt.cc compiles the rest.
add_library(deps_fmt INTERFACE)
target_include_directories(deps_fmt SYSTEM INTERFACE $<TARGET_PROPERTY:fmt::fmt-header-only,INTERFACE_INCLUDE_DIRECTORIES>)

sortie_static_dependency(boost_json ARCHIVES boost_json)
sortie_static_dependency(pugixml ARCHIVES pugixml)
sortie_static_dependency(seccomp ARCHIVES seccomp)
sortie_static_dependency(deps_sqlite ARCHIVES SQLiteCpp sqlite3 LIBS Threads::Threads ${CMAKE_DL_LIBS} m)
sortie_static_dependency(deps_zip ARCHIVES minizip LIBS ZLIB::ZLIB)
sortie_static_dependency(deps_deflate ARCHIVES deflate)
sortie_static_dependency(deps_yaml ARCHIVES yaml-cpp)
sortie_static_dependency(deps_pcre2 ARCHIVES pcre2-8)
