use hfd_shared::repo::RepoKind;
use serde_json::json;

use super::*;
use crate::analyze::testing::contents;

fn context(config: &Value) -> Option<u64> {
    context_length(ModelConfig::new(config).unwrap(), &Value::Null)
}

#[test]
fn the_context_is_what_scaled_positions_reach_and_no_window() {
    let mistral = json!({"max_position_embeddings": 32768, "sliding_window": 4096});
    assert_eq!(context(&mistral), Some(32768));
    let llama3 = json!({"max_position_embeddings": 131_072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}});
    assert_eq!(context(&llama3), Some(131_072));
    let qwen = json!({"max_position_embeddings": 32768, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}});
    assert_eq!(context(&qwen), Some(131_072));
    let deepseek = json!({"max_position_embeddings": 163_840, "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096}});
    assert_eq!(context(&deepseek), Some(163_840));
    let linear = json!({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}});
    assert_eq!(context(&linear), Some(16384));
    assert_eq!(context(&json!({"model_type": "gpt2", "n_positions": 1024})), Some(1024));
    assert_eq!(
        context(&json!({"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1})),
        Some(512)
    );
    assert_eq!(
        context(&json!({"model_type": "cohere", "max_position_embeddings": 8192, "model_max_length": 131_072})),
        Some(131_072)
    );
}

#[test]
fn a_tokenizer_without_a_limit_gives_no_context() {
    let unlimited: Value = serde_json::from_str(r#"{"model_max_length": 1000000000000000019884624838656}"#).unwrap();
    let config = json!({"model_type": "mamba"});
    let config = ModelConfig::new(&config).unwrap();
    assert_eq!(context_length(config, &unlimited), None);
    assert_eq!(context_length(config, &json!({"model_max_length": 2048})), Some(2048));
}

#[test]
fn without_headers_the_count_is_an_estimate_and_says_so() {
    let config = r#"{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 4096,
        "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 32000,
        "torch_dtype": "float16", "max_position_embeddings": 4096, "eos_token_id": [2, 7], "bos_token_id": 1}"#;
    let repo = contents(RepoKind::Model, &["config.json", "pytorch_model.bin:13476000000"], &[("config.json", config)]);
    let info = detect(&repo).unwrap();
    assert_eq!((info.estimated_parameters.as_deref(), info.parameters_exact), (Some("6.7B"), false));
    assert_eq!((info.precision.as_str(), info.task.as_str()), ("fp16", "text-generation"));
    assert_eq!(
        (info.special_tokens.eos_token_id.as_slice(), info.special_tokens.bos_token_id.as_slice()),
        (&[2, 7][..], &[1][..])
    );
    // 2 × 32 layers × 4096 × 2 bytes for each of 4096 tokens.
    assert_eq!(info.kv_cache_bytes_per_token, Some(524_288));
    assert_eq!(info.estimated_ram, Some(13_476_000_000 + (2 << 30) + (512 << 20)));
    assert_eq!(info.ram_context_length, Some(4096));
}

#[test]
fn a_configuration_of_odd_values_is_read_without_a_panic() {
    let config = r#"{"architectures": [1], "model_type": [], "hidden_size": -1, "num_attention_heads": "many",
        "rope_scaling": "x", "layer_types": {}, "eos_token_id": "a", "torch_dtype": 3}"#;
    let repo = contents(RepoKind::Model, &["config.json", "model.safetensors"], &[("config.json", config)]);
    let info = detect(&repo).unwrap();
    assert_eq!((info.hidden_size, info.task.as_str()), (None, "feature-extraction"));
}
