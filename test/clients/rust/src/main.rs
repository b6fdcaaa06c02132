//! The AWS SDK for Rust against a server named by AWS_ENDPOINT_URL. Ends with status 0 when everything was as on AWS.

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart};
use aws_sdk_s3::{config::Builder, Client};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let shared = aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(http).load().await;
    let client = Client::from_conf(Builder::from(&shared).force_path_style(true).build());
    client.create_bucket().bucket("rust-bucket").send().await.expect("create_bucket");

    let algorithms = [ChecksumAlgorithm::Crc32, ChecksumAlgorithm::Crc32C, ChecksumAlgorithm::Crc64Nvme, ChecksumAlgorithm::Sha1,
                      ChecksumAlgorithm::Sha256];
    for algorithm in algorithms {
        let key = format!("a/{algorithm}");
        client.put_object().bucket("rust-bucket").key(&key).body(ByteStream::from_static(b"hello")).checksum_algorithm(algorithm)
            .metadata("colour", "red").send().await.expect("put_object");
        let got = client.get_object().bucket("rust-bucket").key(&key).checksum_mode(ChecksumMode::Enabled).send().await.expect("get_object");
        assert_eq!(got.metadata().unwrap()["colour"], "red");
        assert_eq!(got.body.collect().await.expect("body").into_bytes().as_ref(), b"hello");
    }

    let upload = client.create_multipart_upload().bucket("rust-bucket").key("large").checksum_algorithm(ChecksumAlgorithm::Crc32).send().await.expect("create_multipart_upload");
    let id = upload.upload_id().unwrap();
    let mut parts = CompletedMultipartUpload::builder();
    for number in 1..=2 {
        let part = client.upload_part().bucket("rust-bucket").key("large").upload_id(id).part_number(number)
            .body(ByteStream::from(vec![b'x'; 5 << 20])).send().await.expect("upload_part");
        parts = parts.parts(CompletedPart::builder().part_number(number).set_e_tag(part.e_tag().map(str::to_owned))
            .set_checksum_crc32(part.checksum_crc32().map(str::to_owned)).build());
    }
    client.complete_multipart_upload().bucket("rust-bucket").key("large").upload_id(id).multipart_upload(parts.build()).send().await
        .expect("complete_multipart_upload");
    let head = client.head_object().bucket("rust-bucket").key("large").send().await.expect("head_object");
    assert_eq!(head.content_length(), Some(10 << 20));

    let listed = client.list_objects_v2().bucket("rust-bucket").prefix("a/").send().await.expect("list_objects_v2");
    assert_eq!(listed.contents().len(), 5);
    let missing = client.get_object().bucket("rust-bucket").key("none").send().await.unwrap_err().into_service_error();
    assert!(missing.is_no_such_key(), "{missing:?}");
    let nowhere = client.list_objects_v2().bucket("no-bucket").send().await.unwrap_err().into_service_error();
    assert_eq!(nowhere.code(), Some("NoSuchBucket"));
    client.delete_object().bucket("rust-bucket").key("large").send().await.expect("delete_object");
    println!("done");
}
