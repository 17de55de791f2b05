//! x
#[path = "../s3/mod.rs"]
mod s3;
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let server = s3::Server::start().await?;
    server.store().make_bucket("site", s3::Kind::Plain);
    println!("{}", server.endpoint());
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    Ok(())
}
