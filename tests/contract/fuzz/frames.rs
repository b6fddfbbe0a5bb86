//! Random WebSocket frames, whole and broken.

use anyhow::{Context as _, ensure};
use hfd_tests::dice::Dice;
use hfd_tests::wait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::values;

/// Connects, sends random frames until the server has enough or all are sent, and returns how many were.
pub(crate) async fn session(dice: &mut Dice, host: &str, most: usize) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect(host).await.context("connecting a WebSocket")?;
    let handshake = format!(
        "GET /api/ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(handshake.as_bytes()).await?;
    let mut status = [0; 12];
    tokio::time::timeout(wait::LIMIT, stream.read_exact(&mut status)).await.context("no handshake")??;
    ensure!(&status == b"HTTP/1.1 101", "the handshake failed: {}", String::from_utf8_lossy(&status));
    // What the server sends must be read, or it would wait for us.
    let (mut reader, mut writer) = stream.into_split();
    let reading = tokio::spawn(async move {
        let mut sink = vec![0; 1 << 16];
        while reader.read(&mut sink).await.is_ok_and(|read| read > 0) {}
    });
    let mut sent = 0;
    for _ in 0..most {
        sent += 1;
        // The server closes the connection at the first frame that breaks the protocol.
        if writer.write_all(&frame(dice)).await.is_err() {
            break;
        }
    }
    drop(writer);
    tokio::time::timeout(wait::LIMIT, reading).await.context("the server does not end the session")??;
    Ok(sent)
}

/// A frame: mostly one that keeps the protocol, so that the next one is read, too.
fn frame(dice: &mut Dice) -> Vec<u8> {
    if dice.one_in(30) {
        return dice.bytes(60);
    }
    let is_honest = !dice.one_in(15);
    let opcode = if is_honest { *dice.one_of(&[1, 2, 9, 10]) } else { dice.below(16) };
    let is_last = is_honest || dice.one_in(2);
    let reserved = if is_honest { 0 } else { dice.below(8) << 4 };
    let payload = if opcode >= 8 { dice.bytes(125) } else { payload(dice) };
    let first = opcode | reserved | if is_last { 0x80 } else { 0 };
    let is_masked = is_honest || dice.one_in(2);
    let length = if is_honest { payload.len() as u64 } else { dice.number() >> dice.below(64) };
    let mut bytes = vec![u8::try_from(first).unwrap_or_default()];
    let mask_bit = if is_masked { 0x80 } else { 0 };
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ ..=0x7d), _) => bytes.push(mask_bit | length),
        (_, Ok(length)) => {
            bytes.push(mask_bit | 0x7e);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(mask_bit | 0x7f);
            bytes.extend(length.to_be_bytes());
        }
    }
    let mask = if is_masked { [1, 2, 3, 4] } else { [0; 4] };
    if is_masked {
        bytes.extend(mask);
    }
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn payload(dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => dice.bytes(2000),
        1 => br#"{"type":"subscribe","data":{"job":"../../x"}}"#.to_vec(),
        2 if dice.one_in(40) => vec![b'x'; (512 << 10) + 1],
        _ => values::value(dice, 4).to_string().into_bytes(),
    }
}
